// The transport on libcurl, and the only place that knows it. One thread drives a multi handle: it adds what was sent, moves
// bytes, takes what is done, and sleeps in curl_multi_poll until there is something of these, or until somebody wakes it.

#include <curl/curl.h>
#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>

#include <csignal>
#include <deque>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "forge/events/thread_annotations.h"
#include "forge/events/version.h"
#include "forge/workflows/http.h"

namespace forge {
namespace {

constexpr int kSleepMaxMs = 60'000;

// Below what libcurl itself gives up at, which it does not tell from a connection that broke.
constexpr std::size_t kHeadersMax = 1000;
constexpr std::size_t kHeaderBytesMax = 256 << 10;

// One exchange; of the transport's thread once it was taken over.
struct Transfer {
  using OnStop = std::stop_callback<std::function<void()>>;

  HttpRequest request;
  HttpAnswer answer;
  HttpTransport::Done done;
  std::stop_token stop;
  std::unique_ptr<OnStop> on_stop;
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  std::size_t header_bytes = 0;
  bool refused = false;  // may_connect said no to an address
  bool too_large = false;
  bool too_many_headers = false;
  char error[CURL_ERROR_SIZE] = {};
};

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* user) {
  Transfer& transfer = *static_cast<Transfer*>(user);
  std::string& body = transfer.answer.response.body;
  transfer.too_large = size * count > transfer.request.response_bytes_max - body.size();
  if (transfer.too_large) return 0;
  body.append(bytes, size * count);
  return size * count;
}

// A line of a header; an interim response ("100 Continue") is followed by the one that counts.
std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* user) {
  Transfer& transfer = *static_cast<Transfer*>(user);
  std::string_view line(bytes, size * count);
  std::vector<HttpHeader>& headers = transfer.answer.response.headers;
  transfer.header_bytes += line.size();
  transfer.too_large = transfer.header_bytes > transfer.request.response_bytes_max;
  transfer.too_many_headers = transfer.header_bytes > kHeaderBytesMax || headers.size() >= kHeadersMax;
  if (transfer.too_large || transfer.too_many_headers) return 0;
  if (line.starts_with("HTTP/")) headers.clear();
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  const std::size_t colon = line.find(':');
  if (line.starts_with("HTTP/") || colon == std::string_view::npos) return size * count;
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  headers.push_back({std::string(line.substr(0, colon)), std::string(value)});
  return size * count;
}

// Asked for each address before it is connected to, so that no name can lead elsewhere than it did when it was looked at.
curl_socket_t open_socket(void* user, curlsocktype purpose, curl_sockaddr* address) {
  Transfer& transfer = *static_cast<Transfer*>(user);
  char text[NI_MAXHOST] = {};
  const int named =
      getnameinfo(&address->addr, static_cast<socklen_t>(address->addrlen), text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  const bool allowed =
      purpose == CURLSOCKTYPE_IPCXN && named == 0 && (!transfer.request.may_connect || transfer.request.may_connect(text));
  if (!allowed) {
    transfer.refused = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

HttpFailure::Kind kind_of(const Transfer& transfer, CURLcode code) {
  if (transfer.too_many_headers && !transfer.too_large) return HttpFailure::Kind::kHeaders;
  if (transfer.too_large || code == CURLE_FILESIZE_EXCEEDED) return HttpFailure::Kind::kTooLarge;
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return HttpFailure::Kind::kTimeout;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return HttpFailure::Kind::kTls;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_URL_MALFORMAT:
    case CURLE_OUT_OF_MEMORY:
      return HttpFailure::Kind::kProtocol;
    default:
      return transfer.refused ? HttpFailure::Kind::kDenied : HttpFailure::Kind::kConnect;
  }
}

std::string message_of(const Transfer& transfer, HttpFailure::Kind kind, CURLcode code) {
  if (kind == HttpFailure::Kind::kTooLarge) {
    return "the response is larger than " + std::to_string(transfer.request.response_bytes_max) + " bytes";
  }
  if (kind == HttpFailure::Kind::kHeaders) {
    return "the response has more than " + std::to_string(kHeadersMax) + " headers, or more than " +
           std::to_string(kHeaderBytesMax >> 10) + " KiB of them";
  }
  if (kind == HttpFailure::Kind::kDenied) return "it leads to an address that is not allowed";
  if (kind == HttpFailure::Kind::kTimeout) {
    return "no answer within " + std::to_string(transfer.request.timeout.count() / 1000) + " ms";
  }
  return transfer.error[0] != '\0' ? transfer.error : curl_easy_strerror(code);
}

class CurlTransport final : public HttpTransport {
 public:
  explicit CurlTransport(std::size_t transfers_max) : transfers_max_(std::max<std::size_t>(transfers_max, 1)) {
    // Once for the process, as libcurl has it.
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    multi_ = ready == CURLE_OK ? curl_multi_init() : nullptr;
    if (multi_ != nullptr) curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(transfers_max_));
  }
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;
  ~CurlTransport() override {
    {
      const MutexLock lock(mutex_);
      stopping_ = true;
    }
    if (multi_ == nullptr) return;
    wake();
    if (thread_.joinable()) thread_.join();
    curl_multi_cleanup(multi_);
  }

  void send(HttpRequest request, std::stop_token stop, Done done) override;

 private:
  using Id = std::uint64_t;

  void wake() { curl_multi_wakeup(multi_); }
  void run();
  // Takes over what came since; false when it is to stop.
  bool take_over();
  void cut(Id id);
  void begin_next();
  bool begin(Transfer& transfer);
  void set_options(Transfer& transfer);
  void set_body(Transfer& transfer);
  void take_done();
  void finish(Transfer& transfer, std::optional<HttpFailure> failure);

  const std::size_t transfers_max_;
  CURLM* multi_ = nullptr;  // null where libcurl cannot be used
  Mutex mutex_;
  std::map<Id, std::unique_ptr<Transfer>> sent_ FORGE_GUARDED_BY(mutex_);  // not taken over yet
  std::vector<Id> cuts_ FORGE_GUARDED_BY(mutex_);
  bool stopping_ FORGE_GUARDED_BY(mutex_) = false;
  Id next_id_ FORGE_GUARDED_BY(mutex_) = 0;
  std::thread thread_;  // begun under the mutex, joined when nobody sends any more
  // Of the thread.
  std::map<Id, std::unique_ptr<Transfer>> transfers_;
  std::deque<Id> waiting_;  // for their turn
  std::map<CURL*, Id> running_;
};

void CurlTransport::send(HttpRequest request, std::stop_token stop, Done done) {
  if (multi_ == nullptr)
    return done({.response = {}, .failure = HttpFailure{HttpFailure::Kind::kProtocol, "libcurl cannot be used"}});
  auto transfer = std::make_unique<Transfer>();
  transfer->request = std::move(request);
  transfer->done = std::move(done);
  transfer->stop = std::move(stop);
  Id id = 0;
  {
    const MutexLock lock(mutex_);
    id = next_id_++;
  }
  // Where it is stopped before it is taken over, that is seen then.
  transfer->on_stop = std::make_unique<Transfer::OnStop>(transfer->stop, [this, id] {
    const MutexLock lock(mutex_);
    cuts_.push_back(id);
    wake();
  });
  const MutexLock lock(mutex_);
  sent_.emplace(id, std::move(transfer));
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  wake();
}

void CurlTransport::run() {
  // Signals are the program's business; a connection that the other end has closed is an error of the write.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (take_over()) {
    begin_next();
    int running = 0;
    curl_multi_perform(multi_, &running);
    take_done();
    const bool room = !waiting_.empty() && running_.size() < transfers_max_;
    if (!room) curl_multi_poll(multi_, nullptr, 0, kSleepMaxMs, nullptr);
  }
  while (!transfers_.empty()) cut(transfers_.begin()->first);
}

bool CurlTransport::take_over() {
  std::map<Id, std::unique_ptr<Transfer>> sent;
  std::vector<Id> cuts;
  bool stopping = false;
  {
    const MutexLock lock(mutex_);
    sent.swap(sent_);
    cuts.swap(cuts_);
    stopping = stopping_;
  }
  for (auto& [id, transfer] : sent) {
    if (transfer->stop.stop_requested()) cuts.push_back(id);
    transfers_.emplace(id, std::move(transfer));
    waiting_.push_back(id);
  }
  for (const Id id : cuts) cut(id);
  return !stopping;
}

void CurlTransport::cut(Id id) {
  const auto found = transfers_.find(id);
  if (found == transfers_.end()) return;
  const std::unique_ptr<Transfer> transfer = std::move(found->second);
  transfers_.erase(found);
  finish(*transfer, HttpFailure{HttpFailure::Kind::kStopped, "it was told to stop"});
}

void CurlTransport::begin_next() {
  while (!waiting_.empty() && running_.size() < transfers_max_) {
    const Id id = waiting_.front();
    waiting_.pop_front();
    const auto found = transfers_.find(id);
    if (found == transfers_.end()) continue;
    if (begin(*found->second)) {
      running_.emplace(found->second->easy, id);
      continue;
    }
    const std::unique_ptr<Transfer> transfer = std::move(found->second);
    transfers_.erase(found);
    finish(*transfer, HttpFailure{HttpFailure::Kind::kProtocol, "libcurl could not begin it"});
  }
}

bool CurlTransport::begin(Transfer& transfer) {
  transfer.easy = curl_easy_init();
  if (transfer.easy == nullptr) return false;
  set_options(transfer);
  set_body(transfer);
  return curl_multi_add_handle(multi_, transfer.easy) == CURLM_OK;
}

void CurlTransport::set_options(Transfer& transfer) {
  CURL* easy = transfer.easy;
  const HttpRequest& request = transfer.request;
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(request.timeout.count() / 1000, 1)));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, ("forge/" + std::string(library_version())).c_str());
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.error);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
  // Without these two, libcurl adds headers of its own to a body.
  transfer.headers = curl_slist_append(transfer.headers, "Expect:");
  bool typed = false;
  for (const HttpHeader& header : request.headers) {
    typed = typed || curl_strequal(header.name.c_str(), "Content-Type") != 0;
    const std::string line = header.name + (header.value.empty() ? ";" : ": " + header.value);
    transfer.headers = curl_slist_append(transfer.headers, line.c_str());
  }
  if (!typed) transfer.headers = curl_slist_append(transfer.headers, "Content-Type:");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers);
}

void CurlTransport::set_body(Transfer& transfer) {
  CURL* easy = transfer.easy;
  const HttpRequest& request = transfer.request;
  if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request.response_bytes_max));
  const bool has_body = !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (has_body) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
  }
  if (request.method != (has_body ? "POST" : "GET")) curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void CurlTransport::take_done() {
  int left = 0;
  for (CURLMsg* message = nullptr; (message = curl_multi_info_read(multi_, &left)) != nullptr;) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    const auto running = running_.find(message->easy_handle);
    const auto found = running == running_.end() ? transfers_.end() : transfers_.find(running->second);
    if (found == transfers_.end()) continue;
    const std::unique_ptr<Transfer> transfer = std::move(found->second);
    transfers_.erase(found);
    std::optional<HttpFailure> failure;
    if (code != CURLE_OK) {
      const HttpFailure::Kind kind = kind_of(*transfer, code);
      failure = HttpFailure{kind, message_of(*transfer, kind, code)};
    }
    finish(*transfer, std::move(failure));
  }
}

void CurlTransport::finish(Transfer& transfer, std::optional<HttpFailure> failure) {
  transfer.on_stop.reset();
  if (transfer.easy != nullptr) {
    long status = 0;
    curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    transfer.answer.response.status = static_cast<int>(status);
    if (running_.erase(transfer.easy) > 0) curl_multi_remove_handle(multi_, transfer.easy);
    curl_easy_cleanup(transfer.easy);
  }
  curl_slist_free_all(transfer.headers);
  if (failure) transfer.answer = {.response = {}, .failure = std::move(failure)};
  transfer.done(std::move(transfer.answer));
}

}  // namespace

std::unique_ptr<HttpTransport> make_http_transport(std::size_t transfers_max) {
  return std::make_unique<CurlTransport>(transfers_max);
}

}  // namespace forge
