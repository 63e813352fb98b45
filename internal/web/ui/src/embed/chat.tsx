import "../styles/base.css";
import "../styles/embed.css";
import { render } from "preact";
import { ready } from "../lib/i18n";
import { Chat } from "../chat/panel";

await ready();
render(<Chat />, document.getElementById("app")!);
