// Waits until the frames that sign the person out elsewhere have loaded, reports which did, and goes on: back to
// the service, or to this page again, which then says how things stand. Without scripts the person presses the link.
// It stands in the head and runs at once, so that no frame loads unseen; load events do not bubble, but are captured.
const loaded = new Set()
let finished = false
document.addEventListener('load', (event) => {
  if (event.target instanceof HTMLIFrameElement) {
    loaded.add(event.target.dataset.client)
    finishIfDone()
  }
}, true)

function finishIfDone () {
  if (document.readyState !== 'loading' && loaded.size >= document.querySelectorAll('#frames iframe').length) finish()
}

async function finish () {
  if (finished) return
  finished = true
  const { report, token, session } = document.getElementById('frames').dataset
  const body = new URLSearchParams([['csrf_token', token], ['session', session], ...[...loaded].map((id) => ['loaded', id])])
  const way = document.getElementById('continue')
  const answer = await fetch(report, { method: 'POST', body, keepalive: true }).catch(() => undefined)
  if (way) location.replace(way.href)
  else if (answer && answer.ok) location.reload() // once: the frames are reported, the next page has none
}

document.addEventListener('DOMContentLoaded', () => {
  setTimeout(finish, 1000 * document.getElementById('frames').dataset.seconds)
  finishIfDone()
})
