import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ApiError } from "../lib/api";
import { toast } from "../components/toast";
import { config, isFixed, loadConfig, set } from "./config";
import { fieldOf, problem } from "./problem";
import { n, t } from "./i18n";
import type { ServerConfig } from "./types";

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

function at(settings: ServerConfig | null, path: string): unknown {
  return path.split(".").reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], settings);
}

export interface SettingOptions<T> {
  /** Reads the value where it is not at the path. */
  read?: (config: ServerConfig) => T;
  /** Saves the value where that is not a setter's. */
  save?: (value: T) => Promise<unknown>;
  /** What is wrong with a value, if anything, before the server is asked. */
  check?: (value: T) => string | undefined;
}

/**
 * Setting is one setting: as it is saved, and as somebody has changed it
 * without saving it yet. What was changed stays until it is saved or discarded,
 * whatever fails. path is where serverconfig has it, setter where it is set.
 */
export class Setting<T> {
  private readonly draft: Signal<T | undefined> = signal(undefined);
  readonly error = signal("");
  /** The part of the value that is wrong, where the server has said so. */
  readonly wrong = signal("");

  constructor(
    readonly path: string,
    private readonly setter: string,
    private readonly fallback: T,
    private readonly options: SettingOptions<T> = {},
  ) {}

  get saved(): T {
    const settings = config.value;
    if (!settings) return this.fallback;
    const value = this.options.read ? this.options.read(settings) : (at(settings, this.path) as T | null | undefined);
    return value ?? this.fallback;
  }

  get value(): T {
    return this.draft.value ?? this.saved;
  }

  set value(value: T) {
    this.draft.value = same(value, this.saved) ? undefined : value;
    this.error.value = this.wrong.value = "";
  }

  get changed(): boolean {
    return this.draft.value !== undefined;
  }

  get fixed(): boolean {
    return isFixed(this.path);
  }

  discard(): void {
    this.draft.value = undefined;
    this.error.value = this.wrong.value = "";
  }

  /** fail keeps what was wrong when it was to be saved. */
  fail(err: unknown): void {
    this.error.value = problem(err);
    this.wrong.value = fieldOf(err);
  }

  /** errorOf is what is wrong with a part of the value. */
  errorOf(part: string): string {
    return this.wrong.value === part ? this.error.value : "";
  }

  /** refuses says what is wrong with the value before anybody is asked. */
  refuses(): boolean {
    this.error.value = this.options.check?.(this.value) ?? "";
    return this.error.value !== "";
  }

  /** save returns what to do when the settings are loaded anew. It throws what is wrong. */
  async save(): Promise<() => void> {
    const sent = this.value;
    this.error.value = this.wrong.value = "";
    await (this.options.save ? this.options.save(sent) : set(this.setter, sent));
    return () => {
      if (same(this.draft.value, sent)) this.draft.value = undefined; // else somebody typed on
    };
  }
}

/** AnySetting is a setting of whatever type. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnySetting = Setting<any>;

/** Form is settings that are saved together. */
export class Form {
  readonly busy = signal(false);
  readonly changed: ReadonlySignal<boolean>;

  constructor(readonly settings: AnySetting[]) {
    this.changed = computed(() => settings.some((s) => s.changed));
  }

  discard(): void {
    for (const s of this.settings) s.discard();
  }

  /** save saves what has changed, and returns whether all of that worked. */
  async save(): Promise<boolean> {
    if (this.busy.value) return false;
    const changed = this.settings.filter((s) => s.changed);
    const wrong = changed.filter((s) => s.refuses());
    if (wrong.length) return this.tell(wrong.length);
    this.busy.value = true;
    const done: (() => void)[] = [];
    let failed = 0;
    try {
      for (const s of changed) {
        try {
          done.push(await s.save());
        } catch (err) {
          failed++;
          s.fail(err);
          if (err instanceof ApiError && (err.status === 0 || err.status === 401)) break; // so would the others
        }
      }
      if (done.length) await loadConfig().catch(() => {}); // else it shows the old values until the next time
    } finally {
      for (const settle of done) settle();
      this.busy.value = false;
    }
    return this.tell(failed);
  }

  private tell(failed: number): boolean {
    if (failed === 0) toast(t("saved"));
    else {
      toast(n("notSaved", failed), "error");
      requestAnimationFrame(() => document.querySelector<HTMLElement>("main [aria-invalid=true]")?.focus());
    }
    return failed === 0;
  }
}

const open = new Set<Form>();

/** unsaved are the forms that are shown and have changes. */
export const unsaved = () => [...open].filter((form) => form.changed.value);

/** useForm keeps people from leaving the form with changes. */
export function useForm(form: Form): void {
  useEffect(() => {
    open.add(form);
    return () => void open.delete(form);
  }, [form]);
}

window.addEventListener("beforeunload", (event) => {
  if (unsaved().length) event.preventDefault();
});
