"""The projector's files, under the original's names."""

from .projector.embedding import PreparedEmbedding, append_pbtxt, make_mat, make_sprite, make_tsv, prepare_embedding
from .projector.sprites import LARGEST_SIDE as TB_MAX_SPRITE_SIZE
from .projector.store import maybe_upload_file

__all__ = [
    "TB_MAX_SPRITE_SIZE",
    "PreparedEmbedding",
    "append_pbtxt",
    "make_mat",
    "make_sprite",
    "make_tsv",
    "maybe_upload_file",
    "prepare_embedding",
]
