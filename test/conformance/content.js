const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=='
const silence = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA='

/** One pixel. */
export const png = pixel

export const image = Object.freeze({ type: 'image', data: pixel, mimeType: 'image/png' })
export const audio = Object.freeze({ type: 'audio', data: silence, mimeType: 'audio/wav' })
export const embedded = resource(
  'test://embedded-resource',
  'This is an embedded resource content.',
)

export function text(value) {
  return { type: 'text', text: value }
}

export function resource(uri, value) {
  return { type: 'resource', resource: { uri, mimeType: 'text/plain', text: value } }
}
