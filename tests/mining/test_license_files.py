"""The license of a tree: which files rule the code, choices, other places and encodings."""

import pytest
from tests.mining.license_texts import APACHE, BSD3, GPL2, GPL3, LGPL3, LGPL21, MIT

from themis_rm.mining.license_files import decode, detect_license, is_license_file, is_of_parts, states_license

CC = "Attribution 4.0 International"


@pytest.mark.parametrize(
    ("files", "expression"),
    [
        ({}, "none"), ({"LICENSE": "All rights reserved."}, "unknown"), ({"LICENSE": MIT}, "MIT"), ({"LICENSE": " "}, "none"),
        ({"LICENSE": MIT, "LICENSE-docs": CC}, "MIT"), ({"LICENSE": MIT, "LICENSE.cc": CC}, "MIT"),
        ({"LICENSE": CC}, "CC-BY-4.0"), ({"LICENSE": MIT, "LICENSE-THIRD-PARTY": GPL3}, "MIT"),
        ({"LICENSE": MIT, "LICENSE.enterprise": "All rights reserved. Ask for a price."}, "MIT AND unknown"),
        ({"LICENSE": MIT, "COPYRIGHT": "Copyright 2020 A and B"}, "MIT"),
        ({"COPYING": GPL2, "COPYING.LESSER": LGPL21}, "LGPL-2.1"), ({"COPYING": GPL3, "COPYING.LESSER": LGPL3}, "LGPL-3.0"),
        ({"MIT-LICENSE.txt": MIT, "GPL-LICENSE.txt": GPL2}, "GPL-2.0 OR MIT"),
        ({"LICENSE-MIT": MIT, "LICENSE-APACHE": APACHE}, "Apache-2.0 OR MIT"), ({"LICENSE": MIT, "COPYING": GPL2}, "GPL-2.0 AND MIT"),
        ({"COPYING": "Dual-licensed under the Unlicense and MIT.", "LICENSE-MIT": MIT, "UNLICENSE": "Unlicense"},
         "Unlicense OR MIT"),
        ({"LICENSE": MIT, "COPYING": APACHE, "Cargo.toml": '[package]\nlicense="MIT OR Apache-2.0"'}, "MIT OR Apache-2.0"),
        ({"LICENSE": "MIT"}, "MIT"), ({"LICENSE": "Released under the MIT license."}, "MIT"),
        ({"LICENSES/MIT.txt": MIT, "LICENSES/BSD.txt": BSD3}, "BSD-3-Clause AND MIT"), ({"licenses/MIT.txt": MIT}, "MIT"),
        ({"LICENSE": MIT, "LICENSES/GPL.txt": GPL3}, "MIT"), ({"package.json": '{"license": "MIT"}'}, "MIT"),
        ({"README.md": "# Tool\n\n## License\n\nMIT\n\n## Other\n\nGPLv3 is a license\n"}, "MIT"),
        ({"README.rst": "Tool\n====\n\nLicense\n-------\n\nBSD 3-Clause\n"}, "BSD-3-Clause"),
        ({"README.md": "A parser of licenses such as the MIT license."}, "none"),
        ({"README.md": "Tool. Released under the MIT license."}, "MIT"),
    ],
)  # fmt: skip
def test_the_license_of_a_tree(files, expression):
    assert detect_license(files).expression == expression


def test_files_that_are_not_recognized_are_named_with_their_first_line():
    found = detect_license({"LICENSE": "\n  Company Internal\nDo not copy.\n" * 3})
    assert found.summary == "unknown (LICENSE: Company Internal)"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings(encoding):
    assert detect_license({"LICENSE": decode(("© Zoë\n" + MIT).encode(encoding))}).expression == "MIT"


@pytest.mark.parametrize(
    "name",
    ["LICENSE", "licence.txt", "LICENSE.md", "COPYING", "COPYING.LESSER", "MIT-LICENSE", "LICENSE-APACHE", "UNLICENSE",  # language: data
     "License.rst", "Licenses", "project.LICENSE"],
)  # fmt: skip
def test_license_files_are_recognized_by_name(name):
    assert is_license_file(name)


@pytest.mark.parametrize("name", ["license.py", "README.md", "licensing_test.go", "relicense.sh", "copyright.h"])
def test_other_files_are_not_license_files(name):
    assert not is_license_file(name)


def test_names_of_parts_and_places():
    assert is_of_parts("LICENSE-docs")
    assert is_of_parts("ThirdParty-LICENSE".replace("ThirdParty", "third-party"))
    assert not is_of_parts("LICENSE-MIT")
    assert states_license("LICENSES/MIT.txt")
    assert not states_license("src/LICENSE")
