// Files as sources: what is packed comes unpacked, and what is damaged is told and not passed over.

#include "forge/store/file_source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "support/temp_folder.h"

namespace forge {
namespace {

constexpr std::string_view kText = "sku,qty\ntea,2\n";

// kText, packed by gzip and by zstd.
constexpr unsigned char kGzip[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x2b, 0xce,
                                   0x2e, 0xd5, 0x29, 0x2c, 0xa9, 0xe4, 0x2a, 0x49, 0x4d, 0xd4, 0x31, 0xe2,
                                   0x02, 0x00, 0xbd, 0xed, 0x42, 0x43, 0x0e, 0x00, 0x00, 0x00};
constexpr unsigned char kZstd[] = {0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x71, 0x00, 0x00, 0x73, 0x6b, 0x75, 0x2c, 0x71,
                                   0x74, 0x79, 0x0a, 0x74, 0x65, 0x61, 0x2c, 0x32, 0x0a, 0xe7, 0x4d, 0x33, 0xa9};

template <std::size_t N>
std::string bytes_of(const unsigned char (&bytes)[N]) {
  return {reinterpret_cast<const char*>(bytes), N};
}

std::string times(const std::string& text, int count) {
  std::string made;
  for (int i = 0; i < count; ++i) made += text;
  return made;
}

class FileSources : public ::testing::Test {
 protected:
  std::string put(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_.path(name), std::ios::binary) << bytes;
    return folder_.path(name);
  }
  // All that it gives, read in pieces of that size; or the error in words.
  static std::string read(const std::string& path, std::size_t piece = 1000) {
    const auto source = FileSource::open(path);
    if (!source.ok()) return source.status().message();
    std::string all;
    std::string buffer(piece, '\0');
    for (;;) {
      const Result<std::size_t> got = (*source)->read(buffer.data(), buffer.size());
      if (!got.ok()) return "after " + std::to_string(all.size()) + ": " + got.status().message();
      if (*got == 0) return all;
      all.append(buffer, 0, *got);
    }
  }

  TempFolder folder_;
};

TEST_F(FileSources, GivePlainBytesAsTheyAre) {
  EXPECT_EQ(read(put("a.csv", std::string(kText))), kText);
  EXPECT_EQ(read(put("b.csv", "")), "");
}

TEST_F(FileSources, UnpackByTheEndingOfTheName) {
  EXPECT_EQ(read(put("a.csv.gz", bytes_of(kGzip))), kText);
  EXPECT_EQ(read(put("a.csv.zst", bytes_of(kZstd))), kText);
  EXPECT_EQ(read(put("a.csv", bytes_of(kGzip))), bytes_of(kGzip)) << "no ending says that it is packed";
  EXPECT_EQ(name_unpacked("a.csv.gz"), "a.csv");
  EXPECT_EQ(name_unpacked("a.csv.zst"), "a.csv");
  EXPECT_EQ(name_unpacked("gz"), "gz");
}

// More than a buffer of packed bytes, in members whose bounds stand anywhere in it.
TEST_F(FileSources, UnpackSeveralMembersBehindEachOther) {
  constexpr int kMembers = 10'000;
  const std::string expected = times(std::string(kText), kMembers);
  const std::string gzip = put("a.gz", times(bytes_of(kGzip), kMembers));
  const std::string zstd = put("a.zst", times(bytes_of(kZstd), kMembers));
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1 << 16}}) {
    EXPECT_EQ(read(gzip, piece), expected) << piece;
    EXPECT_EQ(read(zstd, piece), expected) << piece;
  }
}

TEST_F(FileSources, TellThatAPackedFileEndsTooEarly) {
  for (const auto& [name, bytes] : {std::pair("a.gz", bytes_of(kGzip)), std::pair("a.zst", bytes_of(kZstd))}) {
    EXPECT_EQ(read(put(name, "")), "");
    for (std::size_t length = 1; length < bytes.size(); ++length) {
      const std::string said = read(put(name, bytes + bytes.substr(0, length)));
      EXPECT_NE(said.find("cannot be read: it ends too early"), std::string::npos) << name << " " << length << " " << said;
    }
  }
}

TEST_F(FileSources, TellThatAPackedFileIsDamaged) {
  for (const auto& [name, bytes] : {std::pair("a.gz", bytes_of(kGzip)), std::pair("a.zst", bytes_of(kZstd))}) {
    std::string damaged = bytes;
    damaged[damaged.size() - (name == std::string("a.gz") ? 6 : 1)] ^= 1;  // in the checksum
    EXPECT_NE(read(put(name, damaged)).find("damaged"), std::string::npos) << name;
    EXPECT_NE(read(put(name, "sku,qty\n")).find("damaged"), std::string::npos) << name;
  }
}

TEST_F(FileSources, GiveNothingMoreAfterAnError) {
  std::string damaged = bytes_of(kGzip);
  damaged[damaged.size() - 6] ^= 1;
  const auto source = FileSource::open(put("a.gz", damaged + bytes_of(kGzip))).value();
  std::string buffer(1000, '\0');
  Result<std::size_t> got = std::size_t{1};
  while (got.ok() && *got > 0) got = source->read(buffer.data(), buffer.size());
  EXPECT_EQ(got.status().id(), ErrorId::kInputUnreadable);
  EXPECT_EQ(source->read(buffer.data(), buffer.size()).status().id(), ErrorId::kInputUnreadable);
}

TEST_F(FileSources, RefuseWhatIsNoRegularFile) {
  EXPECT_NE(read(folder_.path("none")).find("No such file"), std::string::npos);
  EXPECT_NE(read(folder_.path("")).find("it is not a regular file"), std::string::npos);
  ASSERT_EQ(::mkfifo(folder_.path("pipe").c_str(), 0600), 0);
  EXPECT_NE(read(folder_.path("pipe")).find("it is not a regular file"), std::string::npos) << "and does not wait for a writer";
}

TEST_F(FileSources, TellHowMuchOfTheFileWasTaken) {
  const std::string bytes = times(bytes_of(kGzip), 10'000);
  const auto source = FileSource::open(put("a.gz", bytes)).value();
  EXPECT_EQ(source->bytes_total(), bytes.size());
  EXPECT_EQ(source->bytes_taken(), 0U);
  std::string buffer(kText.size() * 5000, '\0');
  std::size_t all = 0;
  while (all < buffer.size()) all += source->read(buffer.data() + all, buffer.size() - all).value();
  EXPECT_EQ(source->bytes_taken(), bytes.size() / 2);
}

}  // namespace
}  // namespace forge
