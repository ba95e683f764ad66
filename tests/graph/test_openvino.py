from __future__ import annotations

import time

import pytest
from graph_checks import check_connected, node, shapes, sources

from tensorboardX.graph.openvino import load_openvino_graph
from tensorboardX.proto.types_pb2 import DT_FLOAT, DT_INT64

# Written after what the Model Optimizer (v10) and ovc (v11) put out for a small classifier.
CLASSIFIER = """<?xml version="1.0"?>
<net name="classifier" version="{version}">
  <layers>
    <layer id="0" name="input:0" type="Parameter" version="opset1">
      <data shape="?,3,8,8" element_type="f32"/>
      <output>
        <port id="0" precision="FP32" names="input:0"><dim>-1</dim><dim>3</dim><dim>8</dim><dim>8</dim></port>
      </output>
    </layer>
    <layer id="1" name="features/conv/weight" type="Const" version="opset1">
      <data element_type="f32" offset="0" shape="4, 3, 3, 3" size="432"/>
      <output><port id="0" precision="FP32"><dim>4</dim><dim>3</dim><dim>3</dim><dim>3</dim></port></output>
    </layer>
    <layer id="2" name="features/conv" type="Convolution" version="opset1">
      <data auto_pad="explicit" dilations="1,1" pads_begin="1,1" pads_end="1,1" strides="1,1"/>
      <input>
        <port id="0"><dim>-1</dim><dim>3</dim><dim>8</dim><dim>8</dim></port>
        <port id="1"><dim>4</dim><dim>3</dim><dim>3</dim><dim>3</dim></port>
      </input>
      <output><port id="2" precision="FP32"><dim>-1</dim><dim>4</dim><dim>8</dim><dim>8</dim></port></output>
    </layer>
    <layer id="7" name="top" type="TopK" version="opset3">
      <data axis="1" index_element_type="i64" mode="max" sort="value"/>
      <input><port id="0"/><port id="1"/></input>
      <output>
        <port id="2" precision="FP32"><dim>-1</dim><dim>1</dim></port>
        <port id="3" precision="I64"><dim>-1</dim><dim>1</dim></port>
      </output>
    </layer>
    <layer id="8" name="k" type="Const" version="opset1">
      <data element_type="i64" offset="432" shape="" size="8"/>
      <output><port id="0" precision="I64"/></output>
    </layer>
    <layer id="9" name="top" type="Result" version="opset1"><input><port id="0"/></input></layer>
  </layers>
  <edges>
    <edge from-layer="1" from-port="0" to-layer="2" to-port="1"/>
    <edge from-layer="0" from-port="0" to-layer="2" to-port="0"/>
    <edge from-layer="2" from-port="2" to-layer="7" to-port="0"/>
    <edge from-layer="8" from-port="0" to-layer="7" to-port="1"/>
    <edge from-layer="7" from-port="3" to-layer="9" to-port="0"/>
  </edges>
  <meta_data><MO_version value="2021.4.2"/></meta_data>
</net>
"""

LOOP = """<?xml version="1.0"?>
<net name="rnn" version="11">
  <layers>
    <layer id="0" name="x" type="Parameter" version="opset1">
      <data shape="1,5,4" element_type="f32"/>
      <output><port id="0" precision="FP32"><dim>1</dim><dim>5</dim><dim>4</dim></port></output>
    </layer>
    <layer id="1" name="rnn" type="TensorIterator" version="opset1">
      <input><port id="0"><dim>1</dim><dim>5</dim><dim>4</dim></port></input>
      <output><port id="1" precision="FP32"><dim>1</dim><dim>5</dim><dim>4</dim></port></output>
      <port_map>
        <input axis="1" external_port_id="0" internal_layer_id="0" stride="1"/>
        <output axis="1" external_port_id="1" internal_layer_id="2"/>
      </port_map>
      <body>
        <layers>
          <layer id="0" name="step" type="Parameter" version="opset1">
            <data shape="1,1,4" element_type="f32"/>
            <output><port id="0" precision="FP32"><dim>1</dim><dim>1</dim><dim>4</dim></port></output>
          </layer>
          <layer id="1" name="act" type="Tanh" version="opset1">
            <input><port id="0"/></input>
            <output><port id="1" precision="FP32"><dim>1</dim><dim>1</dim><dim>4</dim></port></output>
          </layer>
          <layer id="2" name="out" type="Result" version="opset1"><input><port id="0"/></input></layer>
        </layers>
        <edges>
          <edge from-layer="0" from-port="0" to-layer="1" to-port="0"/>
          <edge from-layer="1" from-port="1" to-layer="2" to-port="0"/>
        </edges>
      </body>
    </layer>
    <layer id="2" name="y" type="Result" version="opset1"><input><port id="0"/></input></layer>
  </layers>
  <edges>
    <edge from-layer="0" from-port="0" to-layer="1" to-port="0"/>
    <edge from-layer="1" from-port="1" to-layer="2" to-port="0"/>
  </edges>
</net>
"""

BILLION_LAUGHS = (
    '<?xml version="1.0"?>\n<!DOCTYPE net [\n<!ENTITY a0 "ha">\n'
    + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">\n' for i in range(1, 12))
    + "]>\n<net><layers>&a11;</layers></net>"
)


@pytest.fixture
def write(tmp_path):
    def write_file(text, encoding="utf-8"):
        path = tmp_path / "model.xml"
        path.write_bytes(text.encode(encoding))
        return path

    return write_file


@pytest.mark.parametrize("version", [10, 11])
def test_layers_and_edges(write, version):
    made = load_openvino_graph(write(CLASSIFIER.format(version=version)))
    check_connected(made)
    assert [(each.name, each.op, list(each.input)) for each in made.node] == [
        ("input_0", "Parameter", []),
        ("features/conv/weight", "Const", []),
        ("features/conv", "Convolution", ["input_0", "features/conv/weight"]),
        ("top", "TopK", ["features/conv", "k"]),
        ("k", "Const", []),
        ("top_1", "Result", ["top:1"]),
    ]


def test_shapes_types_and_attributes(write):
    made = load_openvino_graph(str(write(CLASSIFIER.format(version=11))))
    assert shapes(made, "features/conv") == [[-1, 4, 8, 8]]
    assert shapes(made, "top") == [[-1, 1], [-1, 1]]
    assert shapes(made, "k") == [[]]
    assert node(made, "features/conv").attr["strides"].s == b"1,1"
    assert node(made, "features/conv").attr["dtype"].type == DT_FLOAT
    assert node(made, "k").attr["dtype"].type == DT_INT64


def test_bodies_are_scopes_tied_to_their_layer(write):
    made = load_openvino_graph(write(LOOP))
    check_connected(made)
    assert sources(made, "rnn/body/step") == ["x"]
    assert sources(made, "rnn/body/act") == ["rnn/body/step"]
    assert sources(made, "rnn") == ["x", "rnn/body/out"]
    assert sources(made, "y") == ["rnn"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "text",
    [
        BILLION_LAUGHS,
        '<!DOCTYPE net [<!ENTITY file SYSTEM "file:///etc/hostname">]><net><layers>&file;</layers></net>',
        '<!DOCTYPE net SYSTEM "net.dtd"><net><layers/></net>',
        f"<!--{'x' * 5000}-->" + BILLION_LAUGHS.removeprefix('<?xml version="1.0"?>\n'),
    ],
    ids=["billion laughs", "external entity", "external subset", "after a long comment"],
)
def test_a_document_type_is_refused_at_once(write, text, encoding):
    path = write(text, encoding)
    start = time.perf_counter()
    with pytest.raises(ValueError, match=r"model\.xml: the document type 'net' is declared"):
        load_openvino_graph(path)
    assert time.perf_counter() - start < 2


def test_a_document_type_in_a_comment_is_none(write):
    text = CLASSIFIER.format(version=11).replace("<layers>", "<!-- <!DOCTYPE net> --><layers>", 1)
    assert len(load_openvino_graph(write(text)).node) == 6


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not XML"),
        ("\x00\x01binary", "not XML"),
        ("<net><layers>", "not XML"),
        ("<html/>", "<html> has no <layers>"),
        (LOOP.replace('<edge from-layer="0"', '<edge from-layer="44"'), "44 is missing"),
        (LOOP.replace('from-layer="1" from-port="1"', 'from-layer="1" from-port="9"'), "9 is missing"),
        (LOOP.replace(' type="Tanh"', ""), "type is missing"),
        ('<?xml version="1.0" encoding="none"?><net/>', "not XML"),
        (LOOP.replace("<dim>", "<dim>x", 1), "not a model of OpenVINO: invalid literal"),
        (LOOP.replace("<dim>", "<dim>" + "9" * 30, 1), "not a model of OpenVINO: .* range"),
        (
            "<net>"
            + "<layers><layer id='0' type='Loop'><body>" * 2000
            + "<layers/>"
            + "</body></layer></layers>" * 2000
            + "</net>",
            "recursion",
        ),
    ],
)
def test_files_that_are_no_models(write, text, message):
    with pytest.raises(ValueError, match=message):
        load_openvino_graph(write(text))


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_openvino_graph(tmp_path / "missing.xml")


@pytest.mark.parametrize("path", [None, 5, "a\0b", "\ud800", ["x"]], ids=repr)
def test_what_is_no_path_is_refused(path):
    with pytest.raises((TypeError, ValueError), match=r"xmlname: got .* accepted is a path"):
        load_openvino_graph(path)
