"""From bytes to text: many game records do not say how their letters are encoded, and some say it wrong.

The whole file is decoded before it is parsed. In Shift-JIS, GBK and Big5 the second byte of a letter can be that of `]`
or of the backslash, so that a reader of bytes loses properties without a word: 表 is `95 5C`.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from itertools import islice

# Declared name → the codec that reads it, where a larger one reads all that the named one does.
_LARGER = {
    "ascii": "utf-8",
    "big5": "big5hkscs",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
}
# What a record may declare; Python has codecs besides that are slow, stateful, or no encodings of letters.
_KNOWN = re.compile(r"utf-8|ascii|iso8859-\d+|cp\d+|gb\w+|big5\w*|shift_jis\w*|euc_\w+|koi8-\w|johab|tis-620")
_DECLARED = re.compile(rb"(?<![A-Za-z])C[a-z]*A[a-z]*\s*\[\s*([A-Za-z0-9_.:+ -]{1,40}?)\s*\]")
_MARKS = {"utf-8-sig": (codecs.BOM_UTF8,), "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)}
_SAMPLE = 4096  # letters that a guess looks at


def decodings(data: bytes) -> Iterator[str]:
    """The file as text, the likeliest reading first; the last one is Latin-1, which reads any bytes.

    A byte order mark decides; then what is declared (`CA`), if all bytes fit; then UTF-8, if they fit that, also where
    Latin-1 is declared; then a guess between Chinese GB18030 and Japanese Shift-JIS by how common the letters would be;
    then what is declared, with the bytes that do not fit replaced. A caller takes the first that makes sense to it.
    """
    for name, marks in _MARKS.items():
        if data.startswith(marks):
            yield data.decode(name, "replace")
            return
    declared = _declared(data)
    names = [declared, "utf-8"] if declared not in (None, "iso8859-1") else ["utf-8", declared]
    text = next((text for name in names if name and (text := _strictly(data, name)) is not None), None)
    if text is not None:
        yield text
    else:
        yield from _guesses(data)
        if declared:
            yield data.decode(declared, "replace")
    if not data.isascii():
        yield data.decode("latin-1")


def _declared(data: bytes) -> str | None:
    """The codec that the first `CA` names; None where there is none, or none that is known."""
    found = _DECLARED.search(data)
    if found is None:
        return None
    try:
        name = codecs.lookup(found[1].decode("ascii")).name
    except LookupError:
        return None
    return _LARGER.get(name, name) if _KNOWN.fullmatch(name) else None


def _strictly(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        return None


def _guesses(data: bytes) -> Iterator[str]:
    """Chinese, Japanese or neither: the reading in which most letters are common ones, if most are."""
    scored = []
    for name, is_common in (("gb18030", _common_chinese), ("cp932", _common_japanese)):
        text = _strictly(data, name)
        if text is not None:
            scored.append((_share(text, is_common), text))
    score, text = max(scored, key=lambda pair: pair[0], default=(0.0, ""))
    if score > 0.5:
        yield text


def _share(text: str, is_common: Callable[[str], bool]) -> float:
    letters = [found[0] for found in islice(re.finditer(r"[^\x00-\x7f]", text), _SAMPLE)]
    return sum(map(is_common, letters)) / len(letters) if letters else 0.0


def _common_chinese(letter: str) -> bool:
    """Level 1 of GB 2312, the 3,755 commonest characters, and its punctuation."""
    code = letter.encode("gb2312", "ignore")
    return bool(code) and (0xB0 <= code[0] <= 0xD7 or code[0] in (0xA1, 0xA3))


def _common_japanese(letter: str) -> bool:
    """Kana, punctuation, full-width letters, level 1 of JIS X 0208. Half-width kana are what misreadings look like."""
    if "\u3000" <= letter <= "\u30ff" or "\uff01" <= letter <= "\uff5e":
        return True
    code = letter.encode("shift_jis", "ignore")
    return len(code) == 2 and 0x88 <= code[0] <= 0x98
