import "../styles/base.css";
import "../styles/player.css";
import "../styles/viewer.css";
import { render } from "preact";
import { ready } from "../lib/i18n";
import { App } from "./app";
import { start } from "./model";

await ready();
render(<App />, document.getElementById("app")!);
void start();
