"""What axe-core has against a page: the check for accessibility that browsers' own tools run."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page

SCRIPT = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
MISSING = not SCRIPT.exists()
REASON = "axe-core is not installed: npm ci"
_RUN = """async () => {
  const {violations} = await axe.run(document, {resultTypes: ["violations"]});
  return violations.map((rule) => `${rule.id}: ${rule.help}: ` +
    rule.nodes.map((node) => `${node.target.join(" ")} ${node.any.concat(node.all, node.none)
      .map((check) => check.message).join("; ")}`).join(" | "));
}"""


async def violations(page: Page) -> list[str]:
    """What is wrong on the page as it stands, a line for each rule with the elements that break it.

    The script is put into the page from outside, which the page's policy doesn't hold back.
    """
    await page.evaluate(SCRIPT.read_text(encoding="utf-8"))
    lines: list[str] = await page.evaluate(_RUN)
    return lines
