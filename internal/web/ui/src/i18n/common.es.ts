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
  closeTyped: "¿Cerrar y perder lo que has escrito?",
  keepTyping: "Seguir escribiendo",
  discard: "Descartar",
} satisfies Translation<typeof english>;
