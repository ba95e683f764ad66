"""The projector's files, under the original's names."""

from .projector.embedding import append_pbtxt, make_mat, make_sprite, make_tsv

__all__ = ["append_pbtxt", "make_mat", "make_sprite", "make_tsv"]
