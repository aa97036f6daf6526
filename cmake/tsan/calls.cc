// What our code does through memcpy and delete, told to ThreadSanitizer. Its own interceptors are told to look away
// (ignore_noninstrumented_modules), since they cannot tell RocksDB's calls, which its atomics order, from ours. The linker's --wrap
// sends here the calls in our objects alone; those in shared libraries are not touched.

#include <malloc.h>

#include <cstddef>

extern "C" {

void __tsan_read_range(void* address, unsigned long size);
void __tsan_write_range(void* address, unsigned long size);

void* __real_memcpy(void* to, const void* from, std::size_t size);
void* __real_memmove(void* to, const void* from, std::size_t size);
void* __real_memset(void* to, int value, std::size_t size);
int __real_memcmp(const void* one, const void* other, std::size_t size);
void __real__ZdlPv(void* memory);
void __real__ZdlPvm(void* memory, std::size_t size);
void __real__ZdaPv(void* memory);

static void read(const void* from, std::size_t size) {
  if (size > 0) __tsan_read_range(const_cast<void*>(from), size);
}
static void write(void* to, std::size_t size) {
  if (size > 0) __tsan_write_range(to, size);
}

void* __wrap_memcpy(void* to, const void* from, std::size_t size) {
  read(from, size);
  write(to, size);
  return __real_memcpy(to, from, size);
}
void* __wrap_memmove(void* to, const void* from, std::size_t size) {
  read(from, size);
  write(to, size);
  return __real_memmove(to, from, size);
}
void* __wrap_memset(void* to, int value, std::size_t size) {
  write(to, size);
  return __real_memset(to, value, size);
}
// It may stop early, but must be able to read both sides whole.
int __wrap_memcmp(const void* one, const void* other, std::size_t size) {
  read(one, size);
  read(other, size);
  return __real_memcmp(one, other, size);
}

// operator delete, plain, with a size, and for arrays: giving memory back is the last write to it.
void __wrap__ZdlPv(void* memory) {
  if (memory != nullptr) write(memory, malloc_usable_size(memory));
  __real__ZdlPv(memory);
}
void __wrap__ZdlPvm(void* memory, std::size_t size) {
  write(memory, size);
  __real__ZdlPvm(memory, size);
}
void __wrap__ZdaPv(void* memory) {
  if (memory != nullptr) write(memory, malloc_usable_size(memory));
  __real__ZdaPv(memory);
}

}  // extern "C"
