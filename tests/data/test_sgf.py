"""The reader of SGF: what it reads and writes, what it says of faults, and that no file crashes or stalls it."""

import re
import time
import warnings
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from move37.data import sgf
from move37.data.record import game_record
from move37.data.sgf import BadRecord, Node, Tree, escape, parse, text, write

with warnings.catch_warnings():
    warnings.simplefilter("ignore", SyntaxWarning)  # its source has escapes that Python 3.12 warns of
    warnings.simplefilter("ignore", DeprecationWarning)  # and Python 3.11 too, under this name
    from sgfmill import sgf as sgfmill

ALPHAGO = Path(__file__).parents[3] / "shared" / "data" / "alphago"  # beside the checkout, where there is one
FILES = sorted(ALPHAGO.rglob("*.sgf"))
need_files = pytest.mark.skipif(
    not FILES, reason=f"no game records beside the checkout: put alphago/*.sgf at {ALPHAGO}"
)
SAMPLE = b"""(;GM[1]FF[4]SZ[9]KM[6.5]PB[Anna]PW[Bo]RE[W+R]C[start \\[here\\]]
;B[ee];W[ge](;B[cc]C[main];W[])(;B[cg]LB[cg:A][ee:b]
(;W[gg])(;W[tt])))
"""


def _raises(data: bytes | str, match: str) -> None:
    with pytest.raises(BadRecord, match=match):
        [game_record(tree) for tree in parse(data, "f")]


def test_nodes_stand_in_the_order_of_the_file_and_the_main_line_takes_the_first_variation():
    (tree,) = parse(SAMPLE)
    moves = [value for node in tree.nodes for name, value in node.properties.items() if name in "BW"]
    assert moves == [["ee"], ["ge"], ["cc"], [""], ["cg"], ["gg"], ["tt"]]
    assert [node.parent for node in tree.nodes] == [-1, 0, 1, 2, 3, 2, 5, 5]
    assert [node.properties.get("C") for node in tree.main_line()] == [["start \\[here\\]"], None, None, ["main"], None]
    assert [list(node.properties) for node in tree.line_to(6)][1:] == [["B"], ["W"], ["B", "LB"], ["W"]]


def test_a_collection_gives_all_its_games_and_junk_between_them_is_passed_over():
    trees = parse(b"From: me (see below)\n\n" + SAMPLE + b"\x00 and then\r\n(;SZ[5];B[aa])\x00\x00")
    assert [tree.root["SZ"] for tree in trees] == [["9"], ["5"]]


def test_names_of_ff3_are_read_as_ff4s():
    (tree,) = parse("(;GaMe[1]SiZe[9]AddBlack[aa][bb];White[cc];b[dd];BlacK[ee])")
    assert [list(node.properties) for node in tree.nodes] == [["GM", "SZ", "AB"], ["W"], ["B"], ["BK"]]


def test_a_property_given_twice_has_the_values_of_both():
    (tree,) = parse("(;AB[aa]SZ[9]AB[bb] [cc])")
    assert tree.root == {"AB": ["aa", "bb", "cc"], "SZ": ["9"]}


@pytest.mark.parametrize(
    ("value", "lines", "line"),
    [
        (r"a\]b\[c\\d\:e\x", "a]b[c\\d:ex", "a]b[c\\d:ex"),
        ("one\r\ntwo\rthree\n\rfour", "one\ntwo\nthree\nfour", "one two three four"),
        ("soft\\\nbreak\\\r\nhere\\\\\nbut", "softbreakhere\\\nbut", "softbreakhere\\ but"),
        ("tab\tand\vothers", "tab and others", "tab and others"),
    ],
)
def test_escapes_and_ends_of_lines(value, lines, line):
    assert text(value) == lines
    assert text(value, lines=False) == line


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\t\v\f")), st.booleans())
def test_escaped_words_are_read_back(words, composed):
    assert text(escape(words, composed)) == words
    (tree,) = parse(f"(;C[{escape(words, composed)}])")
    assert text(tree.root["C"][0]) == words


WORDS = "柯洁 对 李世石，表能ソ十予"


@pytest.mark.parametrize(
    ("encoding", "declared", "words"),
    [
        ("utf-8", "UTF-8", WORDS),
        ("utf-8-sig", "", WORDS),
        ("utf-8-sig", "GBK", WORDS),
        ("utf-16", "", WORDS),
        ("utf-8", "", WORDS),
        ("utf-8", "ISO-8859-1", WORDS),
        ("utf-8", "no-such-encoding", WORDS),
        ("utf-8", "zlib", WORDS),
        ("gb18030", "", "柯洁九段 对 古力九段，黑中盘胜"),
        ("gb18030", "UTF-8", "柯洁九段 对 古力九段，黑中盘胜"),
        ("gbk", "gb2312", "金昞俊 和 朴埈奭"),  # letters that GBK has and GB 2312 lacks; one ends in a backslash's byte
        ("shift_jis", "Shift_JIS", "表示 ソ能 十段 高尾紳路"),  # 表, ソ, 能 and 十 end in a backslash's byte
        ("shift_jis", "", "本因坊戦 第五局 高尾紳路 九段のシチョウ、表示ソ能"),
        ("big5", "Big5", "第64屆日本本因坊戰"),  # 因 ends in the byte of ]
        ("euc-kr", "EUC-KR", "이세돌 구단"),
        ("latin-1", "", "Müller, Géza, Ødegård é"),
        ("latin-1", "ISO-8859-1", "Müller é"),
        ("cp1252", "windows-1252", "“Müller”"),
    ],
)
def test_letters_of_many_encodings(encoding, declared, words):
    ca = f"CA[{declared}]" if declared else ""
    trees = parse(f"(;FF[4]{ca}GN[{words}]KM[6.5]PB[{words}];B[dd])".encode(encoding))
    assert trees == [Tree([Node({"GN": [words], "KM": ["6.5"], "PB": [words]}, -1), Node({"B": ["dd"]}, 0)])]


def test_bytes_that_fit_no_encoding_cost_only_their_letters():
    (tree,) = parse("(;CA[UTF-8]C[柯洁对李世石".encode() + b"\xff" + "棋谱];B[dd])".encode())
    assert tree.root == {"C": ["柯洁对李世石\ufffd棋谱"]}
    (tree,) = parse(b"(;CA[GBK]PB[Ren\xe9])")  # E9 5D is a letter of GBK: without that ] nothing makes sense
    assert tree.root == {"PB": ["René"]}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "f:1:1: no game"),
        ("hello\n(world", "f:1:1: no game"),
        ("(;SZ[9]\n;B[aa]", r"f:2:7: the file ends inside of the game that begins at 1:1; its '\)' is missing"),
        ("\n (;B[aa](;W[bb]", r"f:2:16: the file ends .* begins at 2:2; 2 '\)' missing"),
        ("(;SZ[9]\r\n;B[aa];W[b\n", "f:2:9: this value has no closing"),
        ("(;AB[aa][b", "f:1:9: this value has no closing"),
        ("(;SZ[9]\n;B;W[aa])", "f:2:2: property B has no value"),
        ("(;[9])", "f:1:3: a value without a property"),
        ("(;SZ[9]!B[aa])", "f:1:8: got '!'"),
        ("(;B[aa](W[bb]))", "f:1:9: property W outside of a node"),
        ("(;B[aa]())", r"f:1:9: got '\)' where a variation must begin"),
        ("(;B[aa](;W[bb]);B[cc])", "f:1:16: a node behind a variation"),
    ],
)
def test_faults_of_the_text_are_named_with_their_place(data, message):
    _raises(data, message)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("(;SZ[9];B[aa]\n;W[jj])", r"f:2:3: got the move W\[jj\], which is not on the board of size 9"),
        ("(;SZ[9](;B[aa]\n;W[a])(;B[bb]))", r"f:2:3: got the move W\[a\]"),
        ("(;C[x]B[aa][bb])", "f:1:12: 2 moves of one colour"),
        ("(;GM[2])", r"f:1:5: got GM\[2\]; only Go"),
        ("(;SZ[19:13])", "f:1:5: got a board of 19 by 13 points; only square"),
        ("(;GM[1]\rSZ[25])", "f:2:3: got the size 25; allowed: 2 to 19"),
        ("(;SZ[1])", "f:1:5: got the size 1; allowed"),
        ("(;SZ[big])", "f:1:5: got the size 'big'"),
        ("(;SZ[9]AB[aa]\nAB[bb] [zz])", r"f:2:8: got AB\[zz\], which is not on the board"),
        ("(;SZ[9]AB[aa:c])", r"f:1:10: got AB\[aa:c\]"),
        ("(;SZ[9]AB[aa:cc]AW[bb])", "f:1:19: bb is in AB and in AW"),
    ],
)
def test_faults_of_the_game_are_named_with_their_place(data, message):
    _raises(data, message)


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    with pytest.raises(BadRecord, match=r"nowhere\.sgf: cannot be read: No such file"):
        sgf.read(tmp_path / "nowhere.sgf")
    monkeypatch.setattr(sgf, "MOST_BYTES", 2**20)
    (tmp_path / "large.sgf").write_bytes(b"(;C[" + b"x" * 2**20 + b"])")
    with pytest.raises(BadRecord, match="more than 1 MiB"):
        sgf.read(tmp_path / "large.sgf")
    (tmp_path / "small.sgf").write_bytes(SAMPLE)
    assert sgf.read(tmp_path / "small.sgf") == parse(SAMPLE)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("parentheses", b"(" * 10**7),
        ("spaced parentheses", b"( " * 10**6),
        ("nested variations", b"(;" * 10**5 + b")" * 10**5),
        ("open variations", b"(;" * 10**5),
        ("games", b"(;)" * 10_000),
        ("backslashes", b"(;C[" + b"\\" * 10**7),
        ("one name", b"(;" + b"A" * 10**7),
        ("many values", b"(;AB" + b"[aa]" * 10**5),
        ("one property again and again", b"(;" + b"C[x]" * 10**5 + b")"),
        ("blanks", b"(;" + b" " * 10**7),
        ("letters of no encoding", b"(;C[" + b"\xe9\xa0\x81" * 10**6 + b"\xff])"),
        ("ends of lines", b"(;C[" + b"\\\\\n\r" * 10**5 + b"])"),
    ],
)
def test_hostile_files_end_soon(name, data):
    began = time.process_time()
    try:
        trees = parse(data)
        assert parse(write(trees)) == trees
        game_record(trees[0])
    except BadRecord:
        pass
    assert time.process_time() - began < 10, name  # seconds; none needs three


def test_too_many_nodes_are_refused(monkeypatch):
    monkeypatch.setattr(sgf, "MOST_NODES", 100)
    parse(b"(" + b";" * 100 + b")")
    _raises(b"(" + b";" * 101 + b")", "f:1:102: more than")
    _raises(b"(;;)" * 51, "f:1:202: more than")


def test_a_written_tree_is_read_back_equal_and_says_what_it_is():
    (tree,) = parse(SAMPLE)
    data = write([tree, tree])
    assert data.startswith(b"(;FF[4]CA[UTF-8]GM[1]SZ[9]")
    assert parse(data) == [tree, tree]
    assert max(map(len, write([Tree([Node({"B": ["dd"]}, i - 1) for i in range(300)])]).splitlines())) < 100


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([], "without a node"),
        ([Node({}, -1), Node({"b": ["aa"]}, 0)], "'b' is no name"),
        ([Node({}, -1), Node({"C": ["a]b"]}, 0)], "escape"),
        ([Node({}, -1), Node({"C": ["a\\"]}, 0)], "escape"),
        ([Node({"C": []}, -1)], "C cannot be written"),
        ([Node({}, -1), Node({}, -1)], "parent -1"),
        ([Node({}, 0)], "parent 0"),
        ([Node({}, -1), Node({}, 2), Node({}, 0)], "parent 2"),
        ([Node({}, -1), Node({}, 0), Node({}, 0), Node({}, 1)], "parent 1 is not on the line"),
        ([Node({"C": ["\ud800"]}, -1)], "UTF-8"),
    ],
)
def test_what_would_not_be_read_back_is_not_written(nodes, message):
    with pytest.raises(BadRecord, match=message):
        write([Tree(nodes)])


NAMES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=3).filter(lambda name: name not in ("FF", "CA"))
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(escape)


@st.composite
def nodes_of_trees(draw):
    """Properties and parents: each node continues the line to the node before it somewhere."""
    nodes, line = [], [-1]
    for i in range(draw(st.integers(1, 20))):
        depth = draw(st.integers(1 if i else 0, len(line) - 1))
        properties = draw(st.dictionaries(NAMES, st.lists(VALUES, min_size=1, max_size=3), max_size=3))
        nodes.append((properties, line[depth]))
        line = [*line[: depth + 1], i]
    return nodes


@given(st.lists(nodes_of_trees(), min_size=1, max_size=3))
@settings(max_examples=150, deadline=None)
def test_any_collection_is_read_back_equal(collection):
    trees = [Tree([Node(*node) for node in nodes]) for nodes in collection]
    assert parse(write(trees)) == trees


def _survives(data: bytes) -> None:
    """Reads, or says why not with the place; what is read is written and read back equal."""
    faults: list[BadRecord] = []
    try:
        games = parse(data, "f")
    except BadRecord as error:
        faults.append(error)
    else:
        assert parse(write(games)) == games
        for tree in games:
            try:
                game_record(tree)
            except BadRecord as error:
                faults.append(error)
    assert all(re.match(r"f:\d+:\d+: ", str(fault)) for fault in faults)


@given(st.binary(max_size=200) | st.text("(;)[]\\:\nBWACSZaé", max_size=60).map(str.encode))
@settings(max_examples=400, deadline=None)
@example(b"(;\xff[])")
@example(b"(;CA[utf-16]C[x])")
@example(b"(;CA[rot13])")
def test_any_bytes_are_survived(data):
    _survives(data)
    _survives(b"(;" + data + b")")


@need_files
@given(st.data())
@settings(max_examples=150, deadline=None)
def test_broken_real_files_are_survived(data):
    whole = data.draw(st.sampled_from(FILES)).read_bytes()
    if data.draw(st.booleans()):
        broken = whole[: data.draw(st.integers(0, len(whole)))]
    else:
        broken = bytearray(whole)
        for _ in range(data.draw(st.integers(1, 5))):
            at = data.draw(st.integers(0, len(broken) - 1))
            broken[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    _survives(bytes(broken))


@need_files
def test_all_real_files_agree_with_sgfmill_and_are_written_back():
    assert len(FILES) == 216
    for path in FILES:
        data = path.read_bytes()
        (tree,) = sgf.read(path)
        assert parse(write([tree])) == [tree]
        theirs = sgfmill.Sgf_game.from_bytes(data)
        for ours, node in zip(tree.main_line(), theirs.get_main_sequence(), strict=True):
            raw = {name: [v.decode() for v in node.get_raw_list(name)] for name in node.properties()}
            assert ours.properties == {name: values for name, values in raw.items() if name not in ("FF", "CA")}, path
        assert len(tree.nodes) == sum(1 for _ in _all_nodes(theirs.get_root()))


def _all_nodes(root):
    stack = [root]
    while stack:
        node = stack.pop()
        stack.extend(node)
        yield node
