import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

/**
 * lazy makes a component that is loaded when it is first shown. Until then it
 * shows nothing, and tells failed if its script does not load.
 */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>, failed?: (err: unknown) => void): ComponentType<P> {
  let loaded: ComponentType<P> | undefined;
  return function Lazy(props: P) {
    const [, redraw] = useState(0);
    useEffect(() => {
      if (loaded) return;
      let shown = true;
      load().then(
        (component) => {
          loaded = component;
          if (shown) redraw((n) => n + 1);
        },
        (err: unknown) => failed?.(err),
      );
      return () => {
        shown = false;
      };
    }, []);
    const Component = loaded;
    return Component ? <Component {...props} /> : null;
  };
}
