// Answers "unchanged", "changed" or "error" to a page that frames check_session_iframe (Session Management 1.0, 3.3).
// A browser that keeps our cookie from us here gets "error": "changed" would make the service sign the person out.
const cookieName = document.currentScript.dataset.cookie

window.addEventListener('message', async ({ data, origin, source }) => {
  if (source === window || source === null || origin === 'null') return
  source.postMessage(await standing(data, origin), origin)
})

async function standing (data, origin) {
  const cut = typeof data === 'string' ? data.lastIndexOf(' ') : -1
  const [hash, salt, ...rest] = cut > 0 ? data.slice(cut + 1).split('.') : []
  const state = browserState()
  if (!hash || !salt || rest.length || state === undefined) return 'error'
  return hash === await digest(`${data.slice(0, cut)} ${origin} ${state} ${salt}`) ? 'unchanged' : 'changed'
}

function browserState () {
  return document.cookie.split('; ').find((pair) => pair.startsWith(`${cookieName}=`))?.slice(cookieName.length + 1)
}

async function digest (text) {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
