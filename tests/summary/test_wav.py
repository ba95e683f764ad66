"""Audio, judged by libsndfile (in the original) and by TensorBoard."""

from __future__ import annotations

import io
import logging
import wave

import numpy as np
import pytest
import torch
from support import served
from support.events import events
from support.original import run_original

import tensorboardX
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.record_writer import RecordWriter
from tensorboardX.summary.wav import audio, prepare_audio

RANDOM = np.random.default_rng(3)

WITH_THE_ORIGINAL = """
import io, sys, wave
import numpy as np
import tensorboardX.summary
sound = tensorboardX.summary.audio("t", np.load(sys.argv[1]), 8000).value[0].audio
with wave.open(io.BytesIO(sound.encoded_audio_string)) as file:
    samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
np.save(sys.argv[2], samples)
"""


def decode(summary):
    """Parameters and samples of the WAV file, by the standard library."""
    value = summary.value[-1]
    with wave.open(io.BytesIO(value.audio.encoded_audio_string)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
        return file.getparams(), samples


def test_floats_become_what_libsndfile_makes_of_them():
    floats = [0, 0.5, -0.5, 1, -1, 1 / 32768, 1.5 / 32768, 0.5 / 32768, -0.5 / 32768, -1.5 / 32768, -1e-12, 0.99999]
    expected = [0, 16384, -16384, 32767, -32768, 1, 1, 0, -1, -2, 0, 32767]  # measured with soundfile 0.14
    for dtype in ("f4", "f8", ">f4"):
        _, samples = decode(audio("rounding", np.array(floats, dtype)))
        assert samples[:, 0].tolist() == expected, dtype


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4"])
def test_samples_equal_those_of_the_original(dtype, original_python, tmp_path):
    # int32 goes straight to libsndfile there: its range check takes integers for floats.
    script = WITH_THE_ORIGINAL
    sound = np.concatenate([RANDOM.uniform(-1, 1, (50_000, 2)), RANDOM.uniform(-1e-4, 1e-4, (5_000, 2)), np.eye(2)])
    if dtype == "i4":
        sound = sound * (2**31 - 1)
        script = "import sys, numpy as np, soundfile, io, wave\nb = io.BytesIO()\n"
        script += "soundfile.write(b, np.load(sys.argv[1]), 8000, format='wav')\n"
        script += "w = wave.open(io.BytesIO(b.getvalue()))\n"
        script += "np.save(sys.argv[2], np.frombuffer(w.readframes(w.getnframes()), '<i2').reshape(-1, 2))"
    np.save(tmp_path / "sound.npy", sound.astype(dtype))
    run_original(original_python, script, tmp_path / "sound.npy", tmp_path / "samples.npy")
    _, samples = decode(audio("original", sound.astype(dtype)))
    np.testing.assert_array_equal(samples, np.load(tmp_path / "samples.npy"))


@pytest.mark.parametrize(
    ("shape", "stored"),
    [
        ((7,), (7, 1)),
        ((7, 1), (7, 1)),
        ((7, 2), (7, 2)),
        ((1, 7), (7, 1)),
        ((1, 1), (1, 1)),
        ((1, 2), (1, 2)),
        ((2, 2), (2, 2)),
    ],
)
def test_shapes(shape, stored):
    sound = RANDOM.integers(-(2**15), 2**15, shape).astype(np.int16)
    summary = audio("shape", sound, 16000.7)
    message = summary.value[0].audio
    assert (message.length_frames, message.num_channels) == stored
    assert (message.sample_rate, message.content_type) == (16000, "audio/wav")
    parameters, samples = decode(summary)
    assert (parameters.framerate, parameters.sampwidth) == (16000, 2)
    np.testing.assert_array_equal(samples, sound.reshape(stored))


def test_integers_of_16_bits_are_kept_and_those_of_32_lose_their_lower_half():
    sixteen = np.array([-(2**15), -1, 0, 1, 2**15 - 1])
    for dtype in ("<i2", ">i2"):
        assert decode(audio("i2", sixteen.astype(dtype)))[1][:, 0].tolist() == sixteen.tolist()
    wide = (sixteen << 16) + 0xFFFF
    assert decode(audio("i4", wide.astype(np.int32)))[1][:, 0].tolist() == sixteen.tolist()


def test_out_of_range_is_clipped_with_one_warning(caplog):
    sound = np.array([2.0, -3.0, np.inf, -np.inf, np.nan, 0.25])
    with caplog.at_level(logging.WARNING, "tensorboardX"):
        for _ in range(3):
            _, samples = decode(audio("loud", sound))
    assert samples[:, 0].tolist() == [32767, -32768, 32767, -32768, 0, 8192]
    assert len(caplog.records) == 1
    assert "'loud'" in caplog.text


@pytest.mark.parametrize(
    ("sound", "error"),
    [
        (np.zeros(0), ValueError),
        (np.zeros((0, 2)), ValueError),
        (np.zeros((5, 3)), ValueError),
        (np.zeros((2, 5)), ValueError),
        (np.zeros((1, 1, 5)), ValueError),
        (np.float32(0.5), ValueError),
        (np.zeros(5, np.uint8), TypeError),
        (np.zeros(5, np.int64), TypeError),
        (np.zeros(5, bool), TypeError),
        (np.zeros(5, complex), TypeError),
        ("sound.wav", TypeError),
        (None, TypeError),
    ],
)
def test_invalid_audio_is_refused_by_name(sound, error):
    with pytest.raises(error, match=r"'my/tag'.*accepted is"):
        prepare_audio("my/tag", sound)


@pytest.mark.parametrize("rate", [0, 0.5, -8000, float("nan"), float("inf"), 2**31, "high", None])
def test_what_is_no_rate_is_refused_by_name(rate):
    with pytest.raises((TypeError, ValueError), match="'my/tag'"):
        prepare_audio("my/tag", np.zeros(4), rate)


def test_the_array_may_be_changed_before_it_is_encoded():
    sound = np.full(4, 0.5, np.float32)
    encode = prepare_audio("mine", torch.from_numpy(sound))
    sound[:] = 0
    assert decode(Summary.FromString(encode()))[1][:, 0].tolist() == [16384] * 4


def test_tensorboard_serves_the_samples(tensorboard, tmp_path):
    mono = torch.rand(1, 900) * 2 - 1
    stereo = RANDOM.integers(-(2**15), 2**15, (500, 2)).astype(np.int16)
    writer = RecordWriter(str(tmp_path / "events.out.tfevents.1.test"))
    writer.write(Event(file_version="brain.Event:2").SerializeToString())
    for step, sound in enumerate([mono.half(), stereo]):
        event = Event(
            step=step, wall_time=1.0, summary=Summary.FromString(prepare_audio("a tone: 50%", sound, 22050)())
        )
        writer.write(event.SerializeToString())
    writer.close()
    first, second = served.audio(tensorboard(tmp_path))["."]["a tone: 50%"][0]
    assert (first.step, first.content_type) == (0, "audio/wav")
    rate, samples = first.pcm()
    assert rate == 22050
    np.testing.assert_allclose(samples / 32768, mono.T, atol=1e-3)
    np.testing.assert_array_equal(second.pcm()[1], stereo)


def test_logged_audio_has_no_metadata_and_follows_its_format_marker(tmp_path):
    """Aim's converter leaves out audio with a plugin that it does not know."""
    sound = np.array([0.0, 0.5, -0.5])
    with tensorboardX.SummaryWriter(tmp_path) as writer:
        writer.add_audio('a "b"', sound, 3, 8000)
    [event] = events(tmp_path)
    marker, logged = event.summary.value
    assert (marker.tag, logged.tag) == ("a _b_", "a _b_")
    assert marker.WhichOneof("value") is None
    assert marker.metadata.plugin_data.plugin_name == "audio"
    assert not logged.HasField("metadata")
    assert [logged.SerializeToString()] == [v.SerializeToString() for v in audio('a "b"', sound, 8000).value]
