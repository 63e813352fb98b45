// settings.mjs changes settings as somebody at the page does.

/** form returns ways to work the fields of a page of settings. */
export function form(page) {
  const field = (label) => page.getByLabel(label, { exact: true });
  return {
    field,
    text: (label, value) => field(label).fill(value),
    choose: (label, choice) => field(label).selectOption({ label: choice }),
    async words(label, ...words) {
      for (const word of words) {
        await page.getByRole("textbox", { name: label, exact: true }).fill(word);
        await page.keyboard.press("Enter");
      }
    },
    async turn(label) {
      const toggle = page.getByRole("switch", { name: label, exact: true });
      const before = await toggle.isChecked();
      await toggle.click();
      return !before;
    },
    /** save saves, and waits until nothing is left to save. */
    async save() {
      await page.getByRole("button", { name: "Save", exact: true }).click();
      await page.locator(".save-bar").waitFor({ state: "detached" });
    },
  };
}
