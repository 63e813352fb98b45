import type { ComponentChildren } from "preact";
import { Button, IconButton } from "../../components/button";
import { Down, Plus, Trash, Up } from "../../components/icons";
import { t } from "../i18n";

interface RowsProps<T> {
  label: string;
  rows: T[];
  onRows: (rows: T[]) => void;
  /** A new row. */
  make: () => T;
  add: string;
  /** What a row is called, for screen readers. */
  name: (row: T, index: number) => string;
  most?: number;
  disabled?: boolean;
  /** The order matters. */
  ordered?: boolean;
  children: (row: T, change: (row: T) => void, index: number) => ComponentChildren;
}

/** Rows edits a list of things: each can be changed, moved and removed. */
export function Rows<T>({ label, rows, onRows, make, add, name, most = Infinity, disabled, ordered, children }: RowsProps<T>) {
  const change = (index: number) => (row: T) => onRows(rows.map((r, i) => (i === index ? row : r)));
  const move = (index: number, by: number) => {
    const next = [...rows];
    const [row] = next.splice(index, 1);
    next.splice(index + by, 0, row!);
    onRows(next);
  };
  return (
    <div class="rows">
      {rows.length > 0 && (
        <ul role="list" aria-label={label}>
          {rows.map((row, index) => (
            <li class="row" key={index}>
              <div class="row-fields">{children(row, change(index), index)}</div>
              {!disabled && (
                <div class="row-buttons">
                  {ordered && (
                    <>
                      <IconButton label={t("moveUp", { name: name(row, index) })} icon={Up} disabled={index === 0} onClick={() => move(index, -1)} />
                      <IconButton label={t("moveDown", { name: name(row, index) })} icon={Down} disabled={index === rows.length - 1} onClick={() => move(index, 1)} />
                    </>
                  )}
                  <IconButton label={t("removeWord", { word: name(row, index) })} icon={Trash} onClick={() => onRows(rows.filter((_, i) => i !== index))} />
                </div>
              )}
            </li>
          ))}
        </ul>
      )}
      {!disabled && rows.length < most && (
        <Button small icon={Plus} onClick={() => onRows([...rows, make()])}>
          {add}
        </Button>
      )}
    </div>
  );
}
