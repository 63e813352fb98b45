import type { Translation } from "../../lib/i18n";
import type { english } from "./en";

export default {
  title: "Administración",
  signIn: "Iniciar sesión",
  signInText: "Inicia sesión con la contraseña de administración.",
  password: "Contraseña",
  wrongPassword: "Esa no es la contraseña.",
  signOut: "Cerrar sesión",
  signedInAs: "Sesión iniciada como {name}",
  forbidden: "Has iniciado sesión, pero no puedes administrar este servidor.",
  toStream: "Ir al directo",
  overview: "Resumen",
  navigation: "Secciones",
  live: "En directo",
  offline: "Sin conexión",
  "viewers.one": "{n} espectador",
  "viewers.other": "{n} espectadores",
  notFound: "Esa página no existe.",
} satisfies Translation<typeof english>;
