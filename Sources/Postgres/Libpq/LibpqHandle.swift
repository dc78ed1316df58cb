internal import CLibpq

/// The one owner of a `PGconn`: it cannot be copied, and its end closes the connection.
@safe struct LibpqConnectionHandle: ~Copyable {
    let pointer: OpaquePointer

    /// Takes over `pointer`.
    init(_ pointer: OpaquePointer) {
        // Sound: whoever gives the pointer gives it away.
        unsafe self.pointer = pointer
    }

    deinit {
        // Sound: nobody else owns the connection, so nobody uses it any more.
        unsafe PQfinish(pointer)
    }
}

/// The one owner of a `PGresult`: it cannot be copied, and its end frees the rows.
@safe struct LibpqResultHandle: ~Copyable {
    let pointer: OpaquePointer

    /// Takes over `pointer`.
    init(_ pointer: OpaquePointer) {
        // Sound: whoever gives the pointer gives it away.
        unsafe self.pointer = pointer
    }

    deinit {
        // Sound: nobody else owns the result, so nobody reads it any more.
        unsafe PQclear(pointer)
    }
}
