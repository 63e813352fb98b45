import "../styles/base.layer.css";
import "../styles/admin.css";
import { render } from "preact";
import { ready } from "../lib/i18n";
import "../lib/theme";
import { App } from "./app";
import { t } from "./i18n";

await ready();
document.title = t("title");
render(<App />, document.getElementById("app")!);
