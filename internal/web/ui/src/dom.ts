/** el finds the element of index.html with this id. */
export function el<T extends Element = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element "${id}"`);
  return found as unknown as T;
}

/** say sets the text of an element, and touches it only if that changes it. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** label names a control for everybody: for the eye on hover, and for screen readers. */
export function label(element: HTMLElement, text: string): void {
  if (element.title === text) return;
  element.title = text;
  element.setAttribute("aria-label", text);
}

/** icon shows one of the symbols of index.html in a button. */
export function icon(button: Element, name: string): void {
  const use = button.querySelector("use");
  if (use?.getAttribute("href") !== `#i-${name}`) use?.setAttribute("href", `#i-${name}`);
}

/** flag sets or removes data-name on an element. */
export function flag(element: HTMLElement, name: string, on: boolean): void {
  if (on) element.dataset[name] = "";
  else delete element.dataset[name];
}
