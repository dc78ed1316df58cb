internal import ArgumentParser

/// `ogive keys …`: makes keys, and says which workers may connect.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make keys, and say which workers may connect.",
        discussion: """
            A coordinator that other machines can reach has a key pair and a folder with
            the public keys of its workers; each worker, or each machine with workers, has
            a pair of its own.

              ogive keys new coordinator --folder /etc/ogive
              ogive keys new gpu-7        (makes gpu-7.key and gpu-7.pub)
              ogive keys authorize gpu-7.pub --authorized /etc/ogive/authorized
              ogive keys list --config ogive.yaml
              ogive keys revoke gpu-7 --config ogive.yaml

            The coordinator's configuration then says
              coordinator:
                {listen: "tcp://*:7077", key: coordinator.key, authorized_keys: authorized}
            and a worker's
              worker:
                connect: "tcp://HOST:7077"
                key: gpu-7.key
                coordinator_key: coordinator.pub

            Files ending in .key are secret: mode 600, never copied to another machine's
            worker. A running coordinator follows the folder within a second or two.
            """,
        subcommands: [
            KeysNewCommand.self, KeysListCommand.self, KeysAuthorizeCommand.self,
            KeysRevokeCommand.self,
        ])
}
