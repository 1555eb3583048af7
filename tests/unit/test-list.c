/* The ring: order, removal twice, removal and freeing while walking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/list.h"

struct item {
	int n;
	struct list node;
};

static void fill(struct list *head, struct item *items, int n)
{
	list_init(head);
	for (int i = 0; i < n; i++) {
		items[i].n = i;
		list_append(head, &items[i].node);
	}
}

static void an_empty_ring_has_no_first(void **state unused)
{
	struct list head;
	struct item *it;

	list_init(&head);
	assert_true(list_empty(&head));
	assert_null(list_first(&head, struct item, node));
	list_for_each(it, &head, node)
		fail();
}

static void items_come_in_the_order_in_which_they_were_appended(void **state unused)
{
	struct item items[5], *it;
	struct list head;
	int n = 0;

	fill(&head, items, 5);
	assert_ptr_equal(list_first(&head, struct item, node), &items[0]);
	list_for_each(it, &head, node)
		assert_int_equal(it->n, n++);
	assert_int_equal(n, 5);
}

static void what_was_removed_is_in_no_ring(void **state unused)
{
	struct item items[3];
	struct list head;

	fill(&head, items, 3);
	list_remove(&items[1].node);
	list_remove(&items[1].node);
	assert_true(list_empty(&items[1].node));
	assert_ptr_equal(items[0].node.next, &items[2].node);
	assert_ptr_equal(items[2].node.prev, &items[0].node);
	list_append(&head, &items[1].node);
	assert_ptr_equal(head.prev, &items[1].node);
	list_remove(&items[0].node);
	list_remove(&items[2].node);
	list_remove(&items[1].node);
	assert_true(list_empty(&head));
}

static void the_current_item_may_be_freed(void **state unused)
{
	struct list head;
	struct item *it;
	int n = 0;

	list_init(&head);
	for (int i = 0; i < 10; i++) {
		it = xcalloc(1, sizeof(*it));
		list_append(&head, &it->node);
	}
	list_for_each(it, &head, node) {
		list_remove(&it->node);
		free(it);
		n++;
	}
	assert_int_equal(n, 10);
	assert_true(list_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_ring_has_no_first),
		cmocka_unit_test(items_come_in_the_order_in_which_they_were_appended),
		cmocka_unit_test(what_was_removed_is_in_no_ring),
		cmocka_unit_test(the_current_item_may_be_freed),
	};

	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
