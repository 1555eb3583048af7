/* Whose a sandbox is while its container is prepared, and after that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/file.h>
#include <sys/stat.h>

#include "agent/isolator/rows.h"
#include "tests/unit/place.h"

#define ID    "c"
#define OTHER 65534

#define PATIENCE_S 60

static struct container container;
static struct launch_plan plan;
static struct error e;

static int setup(void **state unused)
{
	int r = place_make();

	container = (struct container){
		.id = xstrdup(ID),
		.sandbox = xasprintf("%s/runs/" ID, dir),
		.sandbox_fd = -EBADF,
		.stdout_fd = -EBADF,
		.stderr_fd = -EBADF,
	};
	plan = (struct launch_plan){
		.user = xstrdup("other"),
		.switch_user = geteuid() == 0,
		.uid = geteuid() ? geteuid() : OTHER,
		.gid = geteuid() ? getegid() : OTHER,
	};
	return r;
}

static int teardown(void **state unused)
{
	close_fd(&container.sandbox_fd);
	close_fd(&container.stdout_fd);
	close_fd(&container.stderr_fd);
	free(container.id);
	free(container.sandbox);
	schema_clear(launch_plan_schema(), &plan);
	return place_remove();
}

static void assert_is(const char *name, mode_t mode, uint64_t uid, uint64_t gid)
{
	autofree char *path = path_join("runs/" ID, name);
	struct stat st;

	assert_int_equal(fstatat(top, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	assert_int_equal(st.st_uid, uid);
	assert_int_equal(st.st_gid, gid);
}

static void it_is_the_agents_alone_until_it_is_handed_over(void **state unused)
{
	char latest[2] = "";

	assert_int_equal(isolator_sandbox.prepare(&container, &plan, &e), 0);
	assert_is(".", 0700, geteuid(), getegid());
	assert_is("stdout", 0644, geteuid(), getegid());
	assert_is("stderr", 0644, geteuid(), getegid());
	assert_int_equal(readlinkat(top, "runs/latest", latest, sizeof(latest)), 1);
	assert_memory_equal(latest, ID, 1);

	assert_int_equal(isolator_sandbox.hand_over(&container, &plan, &e), 0);
	assert_is(".", 0755, plan.uid, plan.gid);
	assert_is("stdout", 0644, plan.uid, plan.gid);
	assert_is("stderr", 0644, plan.uid, plan.gid);
}

static void without_another_user_it_stays_the_agents(void **state unused)
{
	plan.switch_user = false;
	assert_int_equal(isolator_sandbox.prepare(&container, &plan, &e), 0);
	assert_int_equal(isolator_sandbox.hand_over(&container, &plan, &e), 0);
	assert_is(".", 0755, geteuid(), getegid());
	assert_is("stdout", 0644, geteuid(), getegid());
}

static void no_umask_decides_who_may_enter(void **state unused)
{
	mode_t before = umask(0);

	assert_int_equal(isolator_sandbox.prepare(&container, &plan, &e), 0);
	umask(077);
	assert_is(".", 0700, geteuid(), getegid());
	assert_int_equal(isolator_sandbox.hand_over(&container, &plan, &e), 0);
	umask(before);
	assert_is(".", 0755, plan.uid, plan.gid);
}

/* Another opening of a directory has locks of its own, as another process has. */
static void a_lock_that_a_task_holds_is_not_waited_for(void **state unused)
{
	autofd int runs = -EBADF;

	assert_int_equal(mkdirat(top, "runs", 0755), 0);
	runs = openat(top, "runs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(runs, LOCK_EX), 0);
	alarm(PATIENCE_S);
	assert_int_equal(isolator_sandbox.prepare(&container, &plan, &e), 0);
	alarm(0);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(it_is_the_agents_alone_until_it_is_handed_over),
		IN_A_PLACE(without_another_user_it_stays_the_agents),
		IN_A_PLACE(no_umask_decides_who_may_enter),
		IN_A_PLACE(a_lock_that_a_task_holds_is_not_waited_for),
	};

	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
