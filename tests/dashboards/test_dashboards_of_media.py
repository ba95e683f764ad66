"""Images, audio, texts, meshes and embeddings, as stock TensorBoard serves them."""

from __future__ import annotations

import html
import re

import numpy as np
from recorded import Recorded
from support import served
from support.expected import grid, to_uint8, words


def expected_images(recorded: Recorded) -> dict[str, list[tuple[int, np.ndarray]]]:
    expected = {tag: [(step, call.value) for step, call in of] for tag, of in recorded.by_tag("add_figure").items()}
    for tag, calls in recorded.by_tag("add_image").items():
        expected[tag] = [(step, as_rgb(call.value, call.arguments["dataformats"])) for step, call in calls]
    for tag, calls in recorded.by_tag("add_images").items():
        expected[tag] = [(step, grid(call.value)) for step, call in calls]
    for tag, calls in recorded.by_tag("add_video").items():
        expected[tag] = [(step, np.concatenate(to_uint8(call.value), axis=3)) for step, call in calls]  # side by side
        expected[tag] = [(step, frames.transpose(0, 2, 3, 1)) for step, frames in expected[tag]]
    return expected


def as_rgb(picture: np.ndarray, dataformats: str) -> np.ndarray:
    pixels = to_uint8(picture)
    return np.stack([pixels] * 3, axis=2) if dataformats == "HW" else pixels


def test_images_figures_and_videos_are_served_pixel_for_pixel(tb, recorded):
    found, expected = served.images(tb), expected_images(recorded)
    assert found.keys() == {"training"}
    assert found["training"].keys() == expected.keys() | recorded.by_tag("add_image_with_boxes").keys()
    for tag, points in expected.items():
        assert found["training"][tag].keys() == {0}
        for (step, pixels), (logged_step, logged_pixels) in zip(found["training"][tag][0], points, strict=True):
            assert step == logged_step
            assert len(np.unique(pixels)) > 10  # not blank
            np.testing.assert_array_equal(pixels, logged_pixels)


def test_videos_play_at_the_rate_that_was_asked_for(tb, recorded):
    files = served.image_files(tb)["training"]["balls"][0]
    for (_, data), (_, call) in zip(files, recorded.by_tag("add_video")["balls"], strict=True):
        delays = served.frame_delays(data)
        assert len(delays) == call.value.shape[1]
        assert abs(sum(delays) / 100 - len(delays) / call.arguments["fps"]) <= 0.01
        assert max(delays) - min(delays) <= 1


def test_boxes_are_drawn_into_the_image_and_nothing_else_is(tb, recorded):
    for tag, calls in recorded.by_tag("add_image_with_boxes").items():
        for (step, pixels), (logged_step, call) in zip(served.images(tb)["training"][tag][0], calls, strict=True):
            assert step == logged_step
            values = call.arguments
            picture = values["img_tensor"].transpose(1, 2, 0)
            untouched = np.ones(picture.shape[:2], bool)
            for (left, top, right, bottom), label in zip(values["box_tensor"], values["labels"], strict=True):
                assert (pixels[top, left:right] == [255, 0, 0]).all()
                assert (pixels[top:bottom, right] == [255, 0, 0]).all()
                outline = np.zeros_like(untouched)
                outline[max(0, top - 1) : bottom + 2, max(0, left - 1) : right + 2] = True
                outline[top + 2 : bottom - 1, left + 2 : right - 1] = False
                name = (slice(max(0, bottom - 15), bottom + 6), slice(left, left + 9 * len(label)))
                red, green, blue = pixels[name].transpose(2, 0, 1)
                assert ((red < 200) & (green == 0) & (blue == 0)).any()  # black letters on red
                untouched &= ~outline
                untouched[name] = False
            assert untouched.mean() > 0.8
            np.testing.assert_array_equal(pixels[untouched], picture[untouched])


def test_audio_is_served_sample_for_sample(tb, recorded):
    found, expected = served.audio(tb), recorded.by_tag("add_audio")
    assert found.keys() == {"training"}
    assert found["training"].keys() == expected.keys()
    for tag, calls in expected.items():
        assert found["training"][tag].keys() == {0}
        for sound, (step, call) in zip(found["training"][tag][0], calls, strict=True):
            rate, samples = sound.pcm()
            assert (sound.step, sound.content_type, rate) == (step, "audio/wav", call.arguments["sample_rate"])
            logged = call.value.reshape(len(call.value), -1).astype(np.float64)
            assert samples.dtype == np.int16
            assert samples.shape == logged.shape
            assert abs(logged).max() > 0.5
            assert abs(samples / 2**15 - logged).max() <= 2**-15


def test_texts_are_served_as_logged(tb, recorded):
    found = served.text(tb)
    expected = recorded.by_tag("add_text")
    assert found.keys() == {"training"}
    tables = recorded.by_tag("add_table")
    assert found["training"].keys() == {f"{tag}/text_summary" for tag in (*expected, *tables)}
    for tag, calls in expected.items():
        points = [(step, words(page)) for step, page in found["training"][f"{tag}/text_summary"]]
        assert points == [(step, words(call.value)) for step, call in calls]
        assert all(len(shown) >= 3 for _, shown in points)
    raw = {tag: points[0][1] for tag, points in found["training"].items()}
    pages = {tag: html.unescape(page) for tag, page in raw.items()}
    assert "<strong>falls</strong>" in pages["notes/text_summary"]
    assert "<td>ReLU</td>" in pages["configuration/text_summary"]
    assert tables.keys() == {"answers"}
    cells = re.findall(r"<td>([^<]*)</td>", raw["answers/text_summary"])
    assert [html.unescape(cell) for cell in cells] == ["2 | 3 =", "`0b11`", "1.0", "<b>", "", "0.25"]
    assert recorded.by_tag("add_text")["languages"][0][1].value in pages["languages/text_summary"]


def test_meshes_are_served_as_logged(tb, recorded):
    found, expected = served.meshes(tb), recorded.by_tag("add_mesh")
    assert found.keys() == {"training"}
    assert found["training"].keys() == expected.keys()
    for tag, calls in expected.items():
        batch = len(calls[0][1].arguments["vertices"])
        assert found["training"][tag].keys() == set(range(batch))
        for sample, steps in found["training"][tag].items():
            assert list(steps) == [step for step, _ in calls]
            for mesh, (_, call) in zip(steps.values(), calls, strict=True):
                values = call.arguments
                arrays = {name: values[name] for name in ("vertices", "colors", "faces") if values[name] is not None}
                assert mesh.keys() == arrays.keys() | {"config"}
                assert mesh["config"] == values["config_dict"]
                for name, array in arrays.items():
                    np.testing.assert_array_equal(mesh[name], array[sample], err_msg=f"{tag} {name}")


def test_meshes_are_closed_surfaces(recorded):
    """Each edge of a triangle belongs to exactly one other, which goes along it the other way round."""
    [(_, call), *_] = recorded.by_tag("add_mesh")["ring_to_knot"]
    triangles = call.arguments["faces"][0]
    edges = {(a, b) for triangle in triangles.tolist() for a, b in zip(triangle, np.roll(triangle, -1), strict=True)}
    assert len(edges) == 3 * len(triangles)
    assert {(b, a) for a, b in edges} == edges


def test_embeddings_are_served_point_for_point(tb, recorded):
    found = served.projector(tb)
    calls = {f"{c.arguments['tag']}:{c.step:05d}": c.arguments for c in recorded.only("add_embedding")}
    assert found.keys() == {"training"}
    assert found["training"].embeddings.keys() == calls.keys() == {"sheet:00001", "digits:00002"}
    for name, embedding in found["training"].embeddings.items():
        logged = calls[name]
        np.testing.assert_array_equal(embedding.tensor, logged["mat"].astype(np.float32))
        header = logged["metadata_header"]
        rows = [header, *logged["metadata"]] if header else [[label] for label in logged["metadata"]]
        assert embedding.metadata == ["\t".join(row) for row in rows]


def test_sprites_hold_the_image_of_each_point(tb, recorded):
    embeddings = served.projector(tb)["training"].embeddings
    assert embeddings["sheet:00001"].sprite is None
    [pictures] = [c.arguments["label_img"] for c in recorded.only("add_embedding") if c.arguments["tag"] == "digits"]
    np.testing.assert_array_equal(embeddings["digits:00002"].sprite, grid(pictures, columns=20))
    infos = {info["tensorName"]: info for info in served.projector(tb)["training"].config["embeddings"]}
    assert infos["digits:00002"]["sprite"]["singleImageDim"] == [32, 32]
