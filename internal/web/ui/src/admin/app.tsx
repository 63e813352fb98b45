import { useEffect } from "preact/hooks";
import { Toasts } from "../components/toast";
import { t } from "./i18n";
import { access, check } from "./session";
import { Shell } from "./shell";
import { SignIn } from "./sign-in";

/** App is the administration. */
export function App() {
  useEffect(() => void check(), []);
  const now = access.value;
  useEffect(() => {
    if (now.state !== "in") document.title = t("title");
  }, [now.state]);
  return (
    <>
      {now.state === "in" ? <Shell session={now.session} /> : now.state !== "unknown" && <SignIn access={now} />}
      <Toasts />
    </>
  );
}
