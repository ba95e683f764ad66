"""Event files read back: `open_logdir(path).scalars()`. Nothing else of this package imports it."""

from .columns import Columns
from .damage import Damage
from .follow import Follower
from .hparams import HParams
from .logdir import Logdir, open_logdir
from .media import decode_audio, decode_image
from .records import Record, Records
from .values import KINDS

__all__ = [
    "KINDS",
    "Columns",
    "Damage",
    "Follower",
    "HParams",
    "Logdir",
    "Record",
    "Records",
    "decode_audio",
    "decode_image",
    "open_logdir",
]
