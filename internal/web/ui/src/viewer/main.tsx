import "../styles/base.layer.css";
import "../styles/player.layer.css";
import "../styles/viewer.css";
import { render } from "preact";
import { ready } from "../lib/i18n";
import { at } from "../lib/base";
import { App } from "./app";
import { start } from "./model";

// customize runs the administrator's own script.
function customize(): void {
  const script = document.createElement("script");
  script.src = at("customjavascript");
  document.body.append(script);
}

await ready();
render(<App />, document.getElementById("app")!);
await start();
customize();
