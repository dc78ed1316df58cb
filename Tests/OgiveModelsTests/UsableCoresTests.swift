import Glibc
import Testing

@testable import OgiveModels

@Suite(.timeLimit(.minutes(10))) struct UsableCoresTests {
    @Test func launchedServersNeverHaveMoreThreadsThanThereAreCores() {
        for cores in 1...64 {
            for servers in 1...4 where servers <= cores {
                let share = UsableCores.share(of: servers, cores: cores)
                #expect(share >= 1 && share * servers <= cores)
            }
        }
        #expect(UsableCores.share(of: 2, cores: 2) == 1)
        #expect(UsableCores.share(of: 2, cores: 1) == 1)
        #expect(UsableCores.share(of: 0, cores: 8) == 8)
    }

    @Test func coresAreThoseOfThisMachineAtMost() {
        #expect((1...sysconf(Int32(_SC_NPROCESSORS_ONLN))).contains(UsableCores.count))
    }

    @Test(arguments: [
        ("200000 100000\n", 2), ("150000 100000", 1), ("50000 100000", 1), ("max 100000", nil),
        ("-1 100000", nil), ("", nil), ("100000 0", nil),
    ])
    func quotasAreRoundedDown(text: String, cores: Int?) {
        #expect(UsableCores.cores(quotaAndPeriod: text) == cores)
    }

    @Test(arguments: [("\t3", 2), ("\tff", 8), ("\t00000001,00000101", 3), ("\t", nil)])
    func masksAreCounted(text: String, cores: Int?) {
        #expect(UsableCores.cores(mask: text[...]) == cores)
    }
}
