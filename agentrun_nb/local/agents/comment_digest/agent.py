"""Digests comments that somebody hostile wrote, and passes all of it on to the letter.

Input: anything; it is quoted in the digest. With `--names` an output has a hostile name, with
`--stumble` the reason of its failure is hostile, too.
"""

import json
import sys
import time
from pathlib import Path

TEXTS = (
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "</script><!-- ]]> {{7*7}} ${7*7}",
    "\x1b[31mred\x1b[0m and \x1b]0;title\x07",
    "user\u202egnp.exe and \u2066isolated\u2069, z\u200bero, \ufeffmark",
    "=1+1 @SUM(A1) -2+3 \t|pipe|",
    "line\u2028separator, nul \x00, bell \x07, return \r\n next",
    "e\u0301 and \u00e9, \u212a and K, \U0001f469\u200d\U0001f4bb",
)
MANIFEST = """{
 "score": 0.25,
 "__proto__": {"polluted": true},
 "constructor": {"prototype": {"polluted": true}}, "toString": "no", "": "empty key",
 "key with . and [0] and \\"quotes\\"": 1, "Key": 1, "key": 2, "key ": 3, "k\\u0435y": 4,
 "twice": "first", "twice": "second",
 "10": "ten", "9": "nine", "01": "one",
 "beyond": 9007199254740993, "far_beyond": 1180591620717411303424, "below": -9223372036854775809,
 "precise": 0.1000000000000000055511151231257827,
 "huge": 1e400, "minus_zero": -0, "long": "%s",
 "texts": %s
}"""

for text in TEXTS:
    print(text)
    time.sleep(0.08)
quoted = Path("input.json").read_text(encoding="utf-8")
Path("outputs/digest.md").write_text("\n".join([*TEXTS, quoted]) + "\n", encoding="utf-8")
if "--names" in sys.argv:
    Path("outputs/<b>bold<").mkdir()
    Path("outputs/<b>bold</b>.txt").write_text("hostile name\n")
texts = json.dumps({text: text for text in TEXTS}, ensure_ascii=False)
Path("manifest.json").write_text(MANIFEST % ("abc " * 500, texts), encoding="utf-8")
if "--stumble" in sys.argv:
    sys.exit(f"DigestError: {TEXTS[0]} {TEXTS[1]} {TEXTS[5]} {TEXTS[6]}")
