import type { ComponentChildren } from "preact";

export interface Column<T> {
  head: string;
  cell: (row: T) => ComponentChildren;
  /** Numbers stand at the end of their column. */
  number?: boolean;
  class?: string;
}

interface TableProps<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  id: (row: T, index: number) => string | number;
  /** Buttons of a row, in a column of their own. */
  actions?: (row: T) => ComponentChildren;
  actionsLabel?: string;
}

/**
 * Table is a table; on a narrow screen each row is a block with the heads
 * before the values. The roles say so where the style would hide it.
 */
export function Table<T>({ label, columns, rows, id, actions, actionsLabel = "" }: TableProps<T>) {
  return (
    <div class="table-frame">
      <table class="table" role="table" aria-label={label}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((c) => (
              <th key={c.head} role="columnheader" scope="col" class={c.number ? "number" : ""}>
                {c.head}
              </th>
            ))}
            {actions && (
              <th role="columnheader" scope="col">
                <span class="hidden-text">{actionsLabel}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row, index) => (
            <tr key={id(row, index)} role="row">
              {columns.map((c) => (
                <td key={c.head} role="cell" data-head={c.head} class={`${c.number ? "number" : ""} ${c.class ?? ""}`}>
                  <span class="cell">{c.cell(row)}</span>
                </td>
              ))}
              {actions && (
                <td role="cell" class="row-actions">
                  <span class="cell">{actions(row)}</span>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
