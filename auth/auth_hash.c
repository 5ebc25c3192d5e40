/*
 * auth_hash.c - a few threads that do nothing but hash. See auth_hash.h. They share two lists with the
 * loop under one lock, and an eventfd that says that something has come out.
 */
#include "auth/auth_hash.h"

#include "base/log.h"
#include "base/strbuf.h"

#include <crypt.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { STACK_BYTES = 256 * 1024 };

struct job {
    struct job *next;
    enum passwd_kind kind;
    char *hash, *password;
    bool same;
    hash_fn *fn;
    void *arg;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;
static struct job *waiting, **waiting_end = &waiting; /* under lock */
static struct job *finished;                          /* under lock */
static size_t under_way;                              /* the loop's: waiting, being hashed or finished */
static unsigned threads;
static int event_fd = -1;
static struct watch event_watch;

static void *thread_main(void *arg)
{
    struct crypt_data *data = xcalloc(1, sizeof(*data));
    (void)arg;
    for (;;) {
        pthread_mutex_lock(&lock);
        while (!waiting)
            pthread_cond_wait(&work, &lock);
        struct job *job = waiting;
        waiting = job->next;
        if (!waiting)
            waiting_end = &waiting;
        pthread_mutex_unlock(&lock);

        job->same = passwd_secret_check(job->kind, job->hash, job->password, data);

        pthread_mutex_lock(&lock);
        job->next = finished;
        finished = job;
        pthread_mutex_unlock(&lock);
        if (eventfd_write(event_fd, 1) != 0)
            log_error("eventfd_write: %m");
    }
    return NULL;
}

static void job_free(struct job *job)
{
    explicit_bzero(job->password, strlen(job->password));
    explicit_bzero(job->hash, strlen(job->hash));
    free(job->password);
    free(job->hash);
    free(job);
}

static void on_finished(void *arg, uint32_t events)
{
    eventfd_t n;
    (void)arg;
    (void)events;
    eventfd_read(event_fd, &n);
    pthread_mutex_lock(&lock);
    struct job *job = finished;
    finished = NULL;
    pthread_mutex_unlock(&lock);
    while (job) {
        struct job *next = job->next;
        under_way--;
        job->fn(job->same, job->arg);
        job_free(job);
        job = next;
    }
}

void hash_init(struct loop *loop)
{
    if (sodium_init() < 0)
        log_fatal("libsodium cannot be initialised");
    event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (event_fd < 0)
        log_fatal("eventfd: %m");
    loop_watch(loop, &event_watch, event_fd, EPOLLIN, on_finished, NULL);
}

/* One more, if there are fewer than processors (at most four). Signals are the loop's. */
static void start_thread(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    pthread_attr_t attr;
    pthread_t id;
    sigset_t all, old;
    if (threads >= HASH_THREADS_MAX || (threads && (long)threads >= processors))
        return;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&id, &attr, thread_main, NULL) == 0)
        threads++;
    else
        log_error("no thread for password hashes could be started");
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

bool hash_check(enum passwd_kind kind, const char *hash, const char *password, hash_fn *fn, void *arg)
{
    if (under_way >= HASH_WAITING_MAX)
        return false;
    if (under_way >= threads)
        start_thread();
    if (!threads)
        return false;
    struct job *job = xcalloc(1, sizeof(*job));
    *job = (struct job){
        .kind = kind, .hash = xstrdup(hash), .password = xstrdup(password), .fn = fn, .arg = arg};
    under_way++;
    pthread_mutex_lock(&lock);
    *waiting_end = job;
    waiting_end = &job->next;
    pthread_cond_signal(&work);
    pthread_mutex_unlock(&lock);
    return true;
}
