/* SPDX-License-Identifier: Apache-2.0 */
/* The instance's side of the guard words. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tee/channel/lane_guard.h"

/* One thread a process serves lanes. */
static struct {
    struct robust_list_head head;
    uint32_t thread; /* 0: there is no list */
    pid_t process;   /* whose list it is: a child has none */
} guard;

/* What stands before a lane's page: its entries, alone in a page of the system's. */
static size_t front(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static struct robust_list *entry_of(_Atomic uint32_t *word)
{
    return (struct robust_list *)(void *)((uint8_t *)word - front());
}

void km_guard_prepare(void)
{
    guard.head.list.next = &guard.head.list;
    guard.head.futex_offset = (long)front();
    guard.head.list_op_pending = NULL;
    guard.process = getpid();
    bool given = syscall(SYS_set_robust_list, &guard.head, sizeof(guard.head)) == 0;
    guard.thread = given ? (uint32_t)syscall(SYS_gettid) & KM_GUARD_THREAD : 0;
}

km_status km_guard_map(struct km_err *err, int fd, struct km_lane_page **ret_page)
{
    uint8_t *at = mmap(NULL, front() + KM_LANE_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return KM_FAIL_ERRNO(err, "find room for a lane");
    km_status status = km_lane_map_at(err, fd, KM_LANE_SIZE, at + front());
    if (status != KM_OK) {
        munmap(at, front() + KM_LANE_SIZE);
        return status;
    }
    *ret_page = (struct km_lane_page *)(void *)(at + front());
    return KM_OK;
}

void km_guard_unmap(struct km_lane_page *page)
{
    munmap((uint8_t *)page - front(), front() + KM_LANE_SIZE);
}

void km_guard_begin(struct km_lane_page *page)
{
    if (guard.thread == 0 || guard.process != getpid())
        return;
    struct robust_list *alive = entry_of(&page->alive);
    struct robust_list *bed = entry_of(&page->bed);
    alive->next = bed;
    bed->next = guard.head.list.next;
    /* The kernel may read the list between any two instructions. */
    atomic_signal_fence(memory_order_seq_cst);
    guard.head.list.next = alive;
    atomic_store(&page->alive, guard.thread);
}

static bool is_listed(struct km_lane_page *page)
{
    return entry_of(&page->alive)->next != NULL;
}

static void leave_list(struct km_lane_page *page)
{
    struct robust_list *before = &guard.head.list;
    while (before->next != entry_of(&page->alive))
        before = before->next;
    before->next = entry_of(&page->bed)->next;
}

void km_guard_end(struct km_lane_page *page)
{
    if (is_listed(page))
        leave_list(page);
    atomic_store(&page->alive, 0);
    atomic_store(&page->bed, 0);
    km_futex_wake(&page->bed, 1);
}

/*
 * The word changes, so that who is about to sleep there does not. Should the thread end before the wake, the kernel finds no number in a
 * word that is pending, and wakes in its place.
 */
void km_guard_wake(struct km_lane_page *page)
{
    if (is_listed(page))
        guard.head.list_op_pending = entry_of(&page->bed);
    atomic_store(&page->bed, 0);
    km_futex_wake(&page->bed, 1);
    guard.head.list_op_pending = NULL;
}
