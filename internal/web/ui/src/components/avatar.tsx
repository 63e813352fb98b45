const hues = [256, 12, 150, 205, 320, 40, 180, 280];

function hash(text: string): number {
  let h = 0;
  for (let i = 0; i < text.length; i++) h = (h * 31 + text.charCodeAt(i)) | 0;
  return Math.abs(h);
}

/** Avatar is a picture of somebody whose own picture is elsewhere: the first letter of a name, in a color of its own. */
export function Avatar({ name, of }: { name: string; of: string }) {
  const letter = [...name.trim()][0]?.toUpperCase() ?? "?";
  return (
    <span class="avatar" style={{ "--hue": hues[hash(of) % hues.length] }} aria-hidden="true">
      {letter}
    </span>
  );
}
