/** Chat is the room. */
export function Chat() {
  return <div class="chat" />;
}
