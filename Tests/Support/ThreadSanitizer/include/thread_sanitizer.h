#ifndef OGIVE_THREAD_SANITIZER_H
#define OGIVE_THREAD_SANITIZER_H

// Whether this program was built with ThreadSanitizer.
int thread_sanitizer_is_on(void);

#endif
