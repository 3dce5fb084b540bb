"""The protocol alone: lines in, answers out."""

import pytest

from move37.engines.gtp import Command, Gtp, GtpError, Quit, Stream, answer_text, parse, shown


def _stream(words):
    def lines():
        yield "one"
        yield ""
        yield "two"
        yield "three"
        return "and last"

    return Stream(lines(), endless=words == ["endless"], farewell="cancelled")


def _fail(_):
    raise GtpError("no\n\nway")


def _break(_):
    raise RuntimeError("a fault\nof ours")


def _late(_):
    def lines():
        yield "one"
        raise RuntimeError("late")
        return ""

    return Stream(lines())


@pytest.fixture
def gtp():
    commands = {"echo": lambda words: " ".join(words), "stream": _stream, "fail": _fail, "break": _break, "late": _late}
    return Gtp("a name", "1.2", {**commands, "lines": lambda _: "a\n\nb\n"})


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("play b D4", Command("", "play", ["b", "D4"])),
        ("12 genmove b", Command("12", "genmove", ["b"])),
        ("  7\tname \t", Command("7", "name", [])),
        ("name # a remark", Command("", "name", [])),
        ("na\x01me\x7f x\x00y", Command("", "name", ["xy"])),
        ("12", Command("12", "", [])),
        ("12x", Command("", "12x", [])),
        ("-3 name", Command("", "-3", ["name"])),
        ("", None),
        ("   \t ", None),
        ("# only a remark", None),
        ("\x02\x03", None),
    ],
)
def test_lines_are_read_as_the_specification_says(line, command):
    assert parse(line) == command


def test_answers(gtp):
    assert "".join(gtp.answer("echo a b")) == "= a b\n\n"
    assert "".join(gtp.answer("3 echo")) == "=3 \n\n"
    assert "".join(gtp.answer("nonsense")) == "? unknown command\n\n"
    assert "".join(gtp.answer("8 nonsense")) == "?8 unknown command\n\n"
    assert "".join(gtp.answer("9")) == "?9 unknown command\n\n"
    assert list(gtp.answer("# nothing")) == []
    assert "".join(gtp.answer("4 protocol_version")) == "=4 2\n\n"
    assert "".join(gtp.answer("name")) == "= a name\n\n"
    assert "".join(gtp.answer("version")) == "= 1.2\n\n"
    assert "".join(gtp.answer("known_command echo")) == "= true\n\n"
    assert "".join(gtp.answer("known_command dance")) == "= false\n\n"
    assert "".join(gtp.answer("known_command")) == "= false\n\n"
    listed = "".join(gtp.answer("list_commands"))[2:].split()
    assert {"quit", "echo", "list_commands", "stream"} <= set(listed)


def test_no_answer_holds_an_empty_line_but_its_last(gtp):
    assert "".join(gtp.answer("fail")) == "? no\nway\n\n"
    assert "".join(gtp.answer("lines")) == "= a\nb\n\n"
    assert answer_text("=", "1", "\r\n\x00\n x\n") == "=1  x\n\n"


def test_a_fault_of_ours_is_an_answer_and_not_a_traceback(gtp, capsys):
    assert "".join(gtp.answer("5 break")) == "?5 internal error: RuntimeError: a fault\nof ours\n\n"
    assert "".join(gtp.answer("late")) == "=\none\n\n"
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("Traceback") == 2


def test_quit_is_answered_first(gtp):
    answers = gtp.answer("6 quit")
    assert next(answers) == "=6 \n\n"
    with pytest.raises(Quit):
        next(answers)


def test_a_stream_ends_when_somebody_speaks_if_it_is_endless(gtp):
    assert "".join(gtp.answer("2 stream endless")) == "=2\none\ntwo\nthree\nand last\n\n"
    assert "".join(gtp.answer("2 stream endless", lambda: True)) == "=2\none\ncancelled\n\n"
    assert "".join(gtp.answer("2 stream", lambda: True)) == "=2\none\ntwo\nthree\nand last\n\n"
    gtp.commands["farewell"] = lambda words: _stream(["endless"])._replace(farewell="ended")
    assert "".join(gtp.answer("farewell", lambda: True)) == "=\none\nended\n\n"


def test_what_a_client_wrote_is_shown_short_and_printable():
    assert shown("x" * 100) == "x" * 60 + "…"
    assert shown("a\x1b[2Jb") == "a?[2Jb"


@pytest.mark.parametrize(
    ("heard", "lines"),
    [
        (1, ["one", "cancelled"]),
        (4, ["one", "two", "three", "cancelled"]),
        (5, ["one", "two", "three", "and last"]),  # too late: it has answered
    ],
)
def test_a_stream_that_is_ended_says_farewell_and_one_that_has_ended_does_not(gtp, heard, lines):
    asked = []

    def interrupted():
        asked.append(1)
        return len(asked) >= heard

    assert "".join(gtp.answer("stream endless", interrupted)) == "=\n" + "".join(f"{x}\n" for x in lines) + "\n"
