/** A color as red, green and blue from 0 to 255. */
export type RGB = [number, number, number];

const canvas = document.createElement("canvas");
canvas.width = canvas.height = 1;
const context = canvas.getContext("2d", { willReadFrequently: true })!;

/** paint is what a CSS color looks like over another. */
export function paint(color: string, over: RGB = [255, 255, 255]): RGB {
  context.fillStyle = `rgb(${over.join(" ")})`;
  context.fillRect(0, 0, 1, 1);
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
  return [r!, g!, b!];
}

/** hex is a color as inputs have it. */
export const hex = (color: RGB) => `#${color.map((part) => part.toString(16).padStart(2, "0")).join("")}`;

// WCAG 2.2, "relative luminance".
function luminance(color: RGB): number {
  const [r, g, b] = color.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

/** contrast is from 1, no difference, to 21; WCAG 2.2 AA asks for 4.5. */
export function contrast(a: RGB, b: RGB): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}
