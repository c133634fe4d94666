import Runs
import Testing

@Test(arguments: [
    ("2GB", 2_000_000_000, "2GB"), ("512 mb", 512_000_000, "512MB"), ("1.5GiB", 1_610_612_736, "1610612736B"),
    ("1kB", 1000, "1kB"), ("77B", 77, "77B"),
])
func amountsOfMemory(text: String, bytes: Int, written: String) throws {
    let amount = try #require(ByteCount(text))
    #expect(amount.bytes == bytes && amount.description == written && ByteCount(written) == amount)
}

@Test(arguments: ["", "2", "GB", "-1GB", "0MB", "nanGB", "1e30GB", "2 G"])
func whatIsNoAmountOfMemory(text: String) { #expect(ByteCount(text) == nil) }

@Test func advisedMemoryIsEnough() {
    #expect(ByteCount(1).roundedUp.bytes == 1_000_000)
    #expect(ByteCount(3_000_000).roundedUp.bytes == 3_000_000)
}
