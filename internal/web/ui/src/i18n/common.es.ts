import type { Translation } from "../lib/i18n";
import type { english } from "./common.en";

export default {
  close: "Cerrar",
  dismiss: "Descartar",
  cancel: "Cancelar",
  save: "Guardar",
  copy: "Copiar",
  copied: "Copiado",
  loading: "Cargando…",
  tryAgain: "Reintentar",
  more: "Más",
  noAnswer: "El servidor no responde. Inténtalo de nuevo en un momento.",
} satisfies Translation<typeof english>;
