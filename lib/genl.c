/* The controller, a family itself, is asked for another one: it tells that with all its groups. */
#include "lib/genl.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdalign.h>

#include "lib/base.h"

#define MESSAGE_BYTES 8192

struct search {
	const char *group;
	uint32_t id;
	bool found;
};

struct group {
	const char *name;
	uint32_t id;
};

static int on_group_attribute(const struct nlattr *a, void *ctx)
{
	struct group *g = ctx;

	if (mnl_attr_get_type(a) == CTRL_ATTR_MCAST_GRP_NAME)
		g->name = mnl_attr_get_str(a);
	if (mnl_attr_get_type(a) == CTRL_ATTR_MCAST_GRP_ID)
		g->id = mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

static int on_group(const struct nlattr *a, void *ctx)
{
	struct group g = { .name = NULL };
	struct search *s = ctx;

	mnl_attr_parse_nested(a, on_group_attribute, &g);
	if (str_equal(g.name, s->group)) {
		s->id = g.id;
		s->found = true;
	}
	return MNL_CB_OK;
}

static int on_family_attribute(const struct nlattr *a, void *ctx)
{
	if (mnl_attr_get_type(a) == CTRL_ATTR_MCAST_GROUPS)
		mnl_attr_parse_nested(a, on_group, ctx);
	return MNL_CB_OK;
}

static int on_family(const struct nlmsghdr *h, void *ctx)
{
	mnl_attr_parse(h, sizeof(struct genlmsghdr), on_family_attribute, ctx);
	return MNL_CB_OK;
}

/* The kernel answers within the call: nothing is waited for. */
static int ask(struct mnl_socket *s, const char *family, struct search *search)
{
	alignas(struct nlmsghdr) char data[MESSAGE_BYTES];
	struct nlmsghdr *h = mnl_nlmsg_put_header(data);
	struct genlmsghdr *g;
	ssize_t n;

	h->nlmsg_type = GENL_ID_CTRL;
	h->nlmsg_flags = NLM_F_REQUEST;
	g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->cmd = CTRL_CMD_GETFAMILY;
	g->version = 1;
	mnl_attr_put_strz(h, CTRL_ATTR_FAMILY_NAME, family);
	if (mnl_socket_sendto(s, h, h->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(s, data, sizeof(data));
	if (n < 0 || mnl_cb_run(data, (size_t)n, 0, 0, on_family, search) < 0)
		return -errno;
	return search->found ? 0 : -ENOENT;
}

int genl_find_group(const char *family, const char *group, uint32_t *ret)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	struct search search = { .group = group };
	int r = s ? ask(s, family, &search) : -errno;

	if (s)
		mnl_socket_close(s);
	if (!r)
		*ret = search.id;
	return r;
}
