// Whoever runs real processes waits for what they do: `eventually` comes with them.
@_exported public import OgiveTesting
