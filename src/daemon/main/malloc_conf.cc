// What jemalloc, where it is linked, is told at its start; $MALLOC_CONF is read after it.
//
// background_thread: memory that is free goes back to the system ten seconds later, whatever the
// threads do. Without it an arena gives back only while its own threads allocate: what the start
// with a long queue, or its draining, had needed stayed for good (40 octets for each message).

extern "C" {
extern const char* malloc_conf;
[[gnu::used, gnu::visibility("default")]] const char* malloc_conf = "background_thread:true";
}
