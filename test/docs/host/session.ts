/** What a host product has of its own: whose request this is. Here a header says so. */
export async function signedInUser(request: Request): Promise<string | undefined> {
  return request.headers.get('x-signed-in-user') ?? undefined;
}
