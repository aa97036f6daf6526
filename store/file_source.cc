#include "forge/store/file_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

namespace forge {
namespace {

constexpr std::size_t kPackedBytes = 128 << 10;
constexpr int kAnyHeader = 15 + 16;  // gzip, with the largest window

constexpr std::string_view kGzip = ".gz";
constexpr std::string_view kZstd = ".zst";

Status unreadable(const std::string& path, std::string why) {
  return Status(ErrorId::kInputUnreadable, "'" + path + "' cannot be read").why(std::move(why));
}

}  // namespace

std::string_view name_unpacked(std::string_view path) {
  for (const std::string_view ending : {kGzip, kZstd}) {
    if (path.ends_with(ending)) return path.substr(0, path.size() - ending.size());
  }
  return path;
}

struct FileSource::State {
  std::string path;
  int descriptor = -1;
  bool is_gzip = false, is_zstd = false;
  std::uint64_t total = 0, taken = 0;
  std::vector<char> packed;
  std::size_t at = 0, size = 0;  // in `packed`
  bool ended = false;            // the file, not what is unpacked of it
  bool is_whole = true;          // no packed part is begun
  z_stream gzip{};
  bool gzip_open = false;
  ZSTD_DStream* zstd = nullptr;
  Status failure;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (gzip_open) inflateEnd(&gzip);
    ZSTD_freeDStream(zstd);
    if (descriptor >= 0) ::close(descriptor);
  }

  Result<std::size_t> read_file(char* into, std::size_t bytes);
  Status fill();
  Result<std::size_t> unpack(char* into, std::size_t bytes);
  Status inflate_some(char* into, std::size_t bytes, std::size_t& made);
  Status unzstd_some(char* into, std::size_t bytes, std::size_t& made);
};

Result<std::size_t> FileSource::State::read_file(char* into, std::size_t bytes) {
  for (;;) {
    const ssize_t got = ::read(descriptor, into, bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(path, std::generic_category().message(errno));
    taken += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }
}

Status FileSource::State::fill() {
  if (at < size || ended) return {};
  FORGE_ASSIGN(size, read_file(packed.data(), packed.size()));
  at = 0;
  ended = size == 0;
  return {};
}

// A gzip file is one member or several behind each other.
Status FileSource::State::inflate_some(char* into, std::size_t bytes, std::size_t& made) {
  if (is_whole && inflateReset(&gzip) != Z_OK) return unreadable(path, "there is no memory to unpack it");
  is_whole = false;
  gzip.next_in = reinterpret_cast<Bytef*>(packed.data() + at);
  gzip.avail_in = static_cast<uInt>(size - at);
  gzip.next_out = reinterpret_cast<Bytef*>(into);
  gzip.avail_out = static_cast<uInt>(bytes);
  const int done = inflate(&gzip, Z_NO_FLUSH);
  at = size - gzip.avail_in;
  made = bytes - gzip.avail_out;
  if (done == Z_STREAM_END) is_whole = true;
  if (done == Z_OK || done == Z_STREAM_END || done == Z_BUF_ERROR) return {};
  return unreadable(path, "it is no gzip file, or damaged");
}

Status FileSource::State::unzstd_some(char* into, std::size_t bytes, std::size_t& made) {
  ZSTD_inBuffer in{packed.data(), size, at};
  ZSTD_outBuffer out{into, bytes, 0};
  const std::size_t left = ZSTD_decompressStream(zstd, &out, &in);
  if (ZSTD_isError(left) != 0) return unreadable(path, std::string("it is no zstd file, or damaged: ") + ZSTD_getErrorName(left));
  at = in.pos;
  made = out.pos;
  is_whole = left == 0;
  return {};
}

Result<std::size_t> FileSource::State::unpack(char* into, std::size_t bytes) {
  for (;;) {
    FORGE_TRY(fill());
    std::size_t made = 0;
    const bool has_input = at < size;
    if (!has_input && is_whole) return std::size_t{0};
    FORGE_TRY(is_gzip ? inflate_some(into, bytes, made) : unzstd_some(into, bytes, made));
    if (made > 0) return made;
    if (!has_input && ended && !is_whole) return unreadable(path, "it ends too early");
  }
}

FileSource::FileSource(std::unique_ptr<State> state) : state_(std::move(state)) {}
FileSource::~FileSource() = default;

Result<std::unique_ptr<FileSource>> FileSource::open(const std::string& path) {
  auto state = std::make_unique<State>();
  state->path = path;
  state->is_gzip = path.ends_with(kGzip);
  state->is_zstd = path.ends_with(kZstd);
  state->descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (state->descriptor < 0) return unreadable(path, std::generic_category().message(errno));
  struct stat about {};
  if (::fstat(state->descriptor, &about) != 0) return unreadable(path, std::generic_category().message(errno));
  if (!S_ISREG(about.st_mode)) return unreadable(path, "it is not a regular file");
  state->total = static_cast<std::uint64_t>(about.st_size);
  if (state->is_gzip || state->is_zstd) state->packed.resize(kPackedBytes);
  if (state->is_gzip) {
    if (inflateInit2(&state->gzip, kAnyHeader) != Z_OK) return unreadable(path, "there is no memory to unpack it");
    state->gzip_open = true;
  } else if (state->is_zstd) {
    state->zstd = ZSTD_createDStream();
    if (state->zstd == nullptr) return unreadable(path, "there is no memory to unpack it");
  }
  return std::unique_ptr<FileSource>(new FileSource(std::move(state)));
}

Result<std::size_t> FileSource::read(char* into, std::size_t size) {
  FORGE_TRY(state_->failure);
  const bool is_packed = state_->is_gzip || state_->is_zstd;
  Result<std::size_t> got = is_packed ? state_->unpack(into, size) : state_->read_file(into, size);
  if (!got.ok()) state_->failure = got.status();
  return got;
}

std::uint64_t FileSource::bytes_total() const {
  return state_->total;
}

std::uint64_t FileSource::bytes_taken() const {
  return state_->taken - (state_->size - state_->at);
}

}  // namespace forge
