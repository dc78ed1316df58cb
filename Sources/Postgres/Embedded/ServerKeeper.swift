internal import Subprocess
internal import SystemPackage

/// Starts a server together with its keeper: a shell that outlives this process, gives the
/// directory's heartbeat, and stops the server when it had no user for some seconds.
struct ServerKeeper: Sendable {
    let directory: ServerDirectory
    let identity: ServerIdentity
    let programs: ServerPrograms
    /// How long the server goes on when its last user was killed.
    let lingering: Duration

    /// Leaves with a server that accepts connections, or with what it or the shell said. `token`
    /// is the claim that the server runs under.
    func start(_ token: String) async throws -> ServerPrograms.Outcome {
        let arguments = [
            "-c", Self.script, "keeper", directory.gate, directory.users, directory.host, token,
            programs.directory, directory.data, directory.log,
            String(lingering.components.seconds),
        ]
        return try await programs.run(["/bin/sh"] + arguments + identity.options)
    }

    /// The server ends with its keeper, by the signal of a parent's death: a server without a
    /// heartbeat would be taken for gone. For the same reason the keeper never waits for long; it
    /// stops a server that it could give no heartbeat for half a minute, or whose claim is another
    /// host's, which took over while this one was paused.
    ///
    /// A user who comes holds the gate first and then a lock on the file of users, so that the
    /// keeper takes them in this order too, and waits for neither: a lock that somebody waits for
    /// can be lost when the last user makes its own the only one.
    ///
    /// The log is opened by the server's user, who may have put a link there.
    private static let script = """
        exec 8>>"$1" 9>>"$2" || exit
        host=$3 token=$4 programs=$5 data=$6 log=$7 seconds=$8
        shift 8
        said=$(
        (
            setpriv --pdeathsig INT "$@" -- /bin/sh -c \
                'exec "$0" -D "$1" </dev/null >>"$2" 2>&1' \
                "$programs/postgres" "$data" "$log" 2>&1 8>&- 9>&- &
            server=$! state=starting tries=0 free=0 missed=0
            while kill -0 "$server"; do
                claim=$(head -n 1 "$host")
                if [ "${claim:-$token}" != "$token" ]; then kill -QUIT "$server"; exit; fi
                if [ -n "$claim" ] && touch -h "$host"; then missed=0; fi
                if [ "$state" = starting ]; then
                    found=$(sed -n '1p;8p' "$data/postmaster.pid" | tr -d '\\n ')
                    if [ "$found" = "${server}ready" ]; then
                        printf ready
                        exec >/dev/null
                        state=serving
                    elif [ "$((tries += 1))" -gt 6000 ]; then
                        echo "not ready after 10 minutes"
                        kill -INT "$server"
                    fi
                    sleep 0.1
                    continue
                fi
                sleep 1
                if [ "$((missed += 1))" -gt 30 ]; then kill -INT "$server"; fi
                if [ "$state" = stopping ]; then continue; fi
                # Of a server that is gone the lock is others': a look at it would pass for a user.
                kill -0 "$server" || continue
                if flock -n 9; then free=$((free + 1)); flock -u 9; else free=0; fi
                if [ "$free" -gt "$seconds" ] && flock -n 8; then
                    if flock -n 9; then
                        state=stopping
                        kill -INT "$server"
                    else
                        flock -u 8
                    fi
                fi
            done
            if [ "$state" = stopping ] && [ "$(head -n 1 "$host")" = "$token" ]; then rm "$host"; fi
        ) 2>/dev/null &
        )
        case $said in *ready) exit 0 ;; esac
        printf '%s' "$said"
        exit 1
        """
}
