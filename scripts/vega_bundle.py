"""Write the Vega-Lite bundle of the reports into the package, so that a report needs nothing from outside.

Run it again when vl-convert brings a newer Vega; the bundle is checked in.
"""

from __future__ import annotations

from pathlib import Path

import vl_convert

TARGET = Path(__file__).parents[1] / "src" / "truenorth" / "documents" / "static" / "vega.js"


def main() -> None:
    versions = (
        f"Vega {vl_convert.get_vega_version()}, Vega-Lite {vl_convert.get_vegalite_versions()[-1]}, "
        f"Vega-Embed {vl_convert.get_vega_embed_version()}; BSD-3-Clause, UW Interactive Data Lab"
    )
    script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    # A closing tag inside a string of the bundle would end the page's script element.
    script = script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(f"/* {versions} */\n{script.strip()}\n", encoding="utf-8", newline="\n")
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes, {versions}")


if __name__ == "__main__":
    main()
