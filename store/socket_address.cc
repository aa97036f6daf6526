// A socket's address holds 107 bytes of a path. Where the directory's own is longer, the socket is reached through the open
// directory in /proc/self/fd, so that the length of the directory's name does not matter.

#include "socket_address.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

namespace forge::internal {
namespace {

constexpr const char* kName = "SOCKET";
constexpr const char* kDraftName = "SOCKET.new";
constexpr int kBacklog = 128;

Status unusable(const std::string& what) {
  return Status(ErrorId::kSocketUnusable, what).why(std::generic_category().message(errno));
}

Result<Descriptor> open_directory(const std::string& path) {
  Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.number() < 0) return unusable("cannot open " + path);
  return directory;
}

Result<Descriptor> make_socket() {
  Descriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (made.number() < 0) return unusable("no socket can be made");
  // Connecting waits where too many do already, and writing where nobody reads: not for ever.
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  static_cast<void>(::setsockopt(made.number(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)));
  return made;
}

sockaddr_un address_of(const Descriptor& directory, const std::string& path, const char* name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string full = path + "/" + name;
  if (full.size() >= sizeof(address.sun_path)) full = "/proc/self/fd/" + std::to_string(directory.number()) + "/" + name;
  std::memcpy(address.sun_path, full.c_str(), full.size() + 1);
  return address;
}

const sockaddr* plain(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// Connecting takes permission to write to the socket's file: whoever may write to the directory gets it.
Status give_permissions(const Descriptor& directory) {
  struct stat of_directory {};
  if (::fstat(directory.number(), &of_directory) != 0) return unusable("cannot look at the store's directory");
  mode_t mode = S_IRUSR | S_IWUSR;
  const bool has_group = ::fchownat(directory.number(), kDraftName, static_cast<uid_t>(-1), of_directory.st_gid, 0) == 0;
  if (has_group && (of_directory.st_mode & S_IWGRP) != 0) mode |= S_IRGRP | S_IWGRP;
  if ((of_directory.st_mode & S_IWOTH) != 0) mode |= S_IROTH | S_IWOTH;
  if (::fchmodat(directory.number(), kDraftName, mode, 0) != 0) return unusable("cannot set who may use the store's socket");
  return {};
}

bool is_in_group(int connection, gid_t of_peer, gid_t wanted) {
  if (of_peer == wanted) return true;
  std::vector<gid_t> groups(64);
  for (int look = 0; look < 2; ++look) {
    auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    const bool is_whole = ::getsockopt(connection, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) == 0;
    groups.resize(size / sizeof(gid_t));
    if (is_whole) return std::find(groups.begin(), groups.end(), wanted) != groups.end();
    if (errno != ERANGE) return false;
  }
  return false;
}

}  // namespace

// --- Descriptor -----------------------------------------------------------------------------------------------------------------

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this == &other) return *this;
  if (number_ >= 0) ::close(number_);
  number_ = other.release();
  return *this;
}

int Descriptor::release() {
  return std::exchange(number_, -1);
}

// --- both ends ------------------------------------------------------------------------------------------------------------------

Result<Descriptor> connect_to(const std::string& path) {
  FORGE_ASSIGN(const Descriptor directory, open_directory(path));
  FORGE_ASSIGN(Descriptor made, make_socket());
  const sockaddr_un address = address_of(directory, path, kName);
  int failed = ::connect(made.number(), plain(address), sizeof(address));
  while (failed != 0 && errno == EINTR) failed = ::connect(made.number(), plain(address), sizeof(address));
  if (failed == 0) return made;
  if (errno == EACCES) {
    return Status(ErrorId::kPeerRefused, "this process may not act on the store " + path)
        .why("it may not use the socket of the process that holds the store")
        .state("nothing was written");
  }
  if (errno == EAGAIN) {
    return Status(ErrorId::kOverloaded, "the process that holds the store " + path + " takes no more connections")
        .why(std::to_string(kBacklog) + " wait to be taken, and none was in 10 s")
        .state("nothing was written");
  }
  if (errno == ENOENT || errno == ECONNREFUSED) return Status(ErrorId::kHolderGone, "nobody answers for the store " + path);
  return unusable("cannot connect to the process that holds the store " + path);
}

// The file gets its name once the socket listens, so that nobody finds one that does not.
Result<ListeningSocket> ListeningSocket::open(const std::string& path) {
  FORGE_ASSIGN(Descriptor directory, open_directory(path));
  FORGE_ASSIGN(Descriptor made, make_socket());
  ::unlinkat(directory.number(), kDraftName, 0);
  const sockaddr_un address = address_of(directory, path, kDraftName);
  if (::bind(made.number(), plain(address), sizeof(address)) != 0) return unusable("cannot make a socket in " + path);
  Status made_ready = give_permissions(directory);
  if (made_ready.ok() && ::listen(made.number(), kBacklog) != 0) made_ready = unusable("cannot listen in " + path);
  if (made_ready.ok() && ::renameat(directory.number(), kDraftName, directory.number(), kName) != 0) {
    made_ready = unusable("cannot name the socket in " + path);
  }
  if (made_ready.ok()) return ListeningSocket(std::move(directory), std::move(made));
  ::unlinkat(directory.number(), kDraftName, 0);
  return made_ready;
}

ListeningSocket::~ListeningSocket() {
  remove_file();
}

void ListeningSocket::remove_file() {
  if (directory_.number() >= 0) ::unlinkat(directory_.number(), kName, 0);
  directory_ = Descriptor();
}

Status ListeningSocket::check_peer(int connection) const {
  ucred peer{};
  socklen_t size = sizeof(peer);
  struct stat of_directory {};
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || ::fstat(directory_.number(), &of_directory) != 0) {
    return unusable("cannot tell who connects");
  }
  const bool is_known = peer.uid == 0 || peer.uid == ::geteuid() || peer.uid == of_directory.st_uid;
  const bool by_group = (of_directory.st_mode & S_IWGRP) != 0 && is_in_group(connection, peer.gid, of_directory.st_gid);
  if (is_known || by_group || (of_directory.st_mode & S_IWOTH) != 0) return {};
  return Status(ErrorId::kPeerRefused, "process " + std::to_string(peer.pid) + " may not use the store")
      .why("it is of user " + std::to_string(peer.uid) + ", who may not write to the store's directory")
      .state("nothing was written");
}

}  // namespace forge::internal
