// The declarations of SDK v1 name one type of the DOM library. It is declared here, so that everything
// else is compiled as a server has it, without that library.
type HeadersInit = ConstructorParameters<typeof Headers>[0]
